/** Keeping a handler unaware that its own client left, while other clients still receive its answer. */

import type { IncomingMessage, ServerResponse } from 'node:http'

export interface Hold {
  /** True while the client is gone but the handler does not know: nothing must be written to the socket. */
  readonly active: boolean
  /** Puts `action` off until the handler may know; false, and nothing done, unless something is being held back now. */
  defer(action: () => void): boolean
}

/**
 * Watches for the client leaving before the answer ended. Then `clientGone` is asked: if it answers true, the events
 * by which Node would tell the handler ('close' on the response, 'aborted', 'error' and 'close' on the request) are held
 * back until the callback given to it is called. A connection that this side destroyed is no client that left: that is how
 * error handlers break an answer off. `brokenOff` is called when that happens while the client is gone already.
 */
export function holdClient(
  request: IncomingMessage,
  response: ServerResponse,
  isOver: () => boolean,
  clientGone: (onRelease: () => void) => boolean,
  brokenOff: () => void,
): Hold {
  const held: (() => void)[] = []
  let state: 'watching' | 'holding' | 'released' = 'watching'

  function release(): void {
    if (state !== 'holding') return
    state = 'released'
    response.destroyed = true
    for (const emit of held.splice(0)) emit()
  }

  function intercept(emitter: IncomingMessage | ServerResponse, names: ReadonlySet<string>): void {
    const original = emitter.emit
    emitter.emit = function emit(this: typeof emitter, name: string | symbol, ...args: unknown[]): boolean {
      const tell = (): boolean => Reflect.apply(original, emitter, [name, ...args])
      if (typeof name !== 'string' || !names.has(name)) return tell()
      if (state === 'watching' && !isOver() && didClientLeave(request)) {
        leave()
      }
      if (state !== 'holding') return tell()
      // Loops of the form `while (!res.destroyed)` go on as well.
      response.destroyed = false
      // Node emits 'error' only where somebody listens, for otherwise it would be thrown.
      held.push(() => void ((name !== 'error' || emitter.listenerCount('error') > 0) && tell()))
      return true
    } as typeof emitter.emit
  }

  function leave(): void {
    state = 'holding'
    if (clientGone(release)) goOn()
    else state = 'released'
  }

  function goOn(): void {
    const { socket } = request
    // A handler that waits for the client to read would wait for ever.
    process.nextTick(() => state === 'holding' && response.emit('drain'))
    // The connection is dead already: only the handler's side can mean anything by destroying it.
    if (socket === null) return
    socket.destroy = function patchedDestroy(): typeof socket {
      if (state === 'holding') brokenOff()
      return socket
    }
  }

  // It left while the cache was looking: nothing will be emitted any more.
  if (response.destroyed || response.closed) leave()
  intercept(response, RESPONSE_EVENTS)
  intercept(request, REQUEST_EVENTS)
  return {
    get active() {
      return state === 'holding'
    },
    defer(action) {
      // Frameworks hear of a reset from the socket, before Node tells the response.
      if (state === 'watching' && !isOver() && didClientLeave(request)) leave()
      if (state !== 'holding') return false
      held.push(action)
      return true
    },
  }
}

/**
 * A request's own 'close' comes after every body; only with a dead socket does it mean that the client left. A client
 * that left is known by its FIN or by an error, a connection destroyed on this side has neither.
 */
function didClientLeave({ socket }: IncomingMessage): boolean {
  return socket === null || (socket.destroyed && (socket.readableEnded || Boolean(socket.errored)))
}

const RESPONSE_EVENTS: ReadonlySet<string> = new Set(['close'])
const REQUEST_EVENTS: ReadonlySet<string> = new Set(['close', 'aborted', 'error'])
