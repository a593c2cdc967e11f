/** One connection that renews itself: node-redis clients one after the other, each for as long as it can be trusted. */

import type { Clock } from '@llm-cache/core'
import type { RedisClientType } from '@redis/client'
import { pause } from './deadline.js'
import { type Complaint, createPatience, type Watch, watchAnswers } from './watch.js'

export interface Line {
  /** The connection that works now. */
  readonly up: { readonly client: RedisClientType; readonly watch: Watch } | undefined
  /** The connection talks garbage: another takes its place at once. What it still owes is rejected. */
  distrust(): void
  /** Lets what was sent be answered, for at most a second. Idempotent. */
  close(): Promise<void>
}

export interface LineOptions {
  /** A client that is not connected. On its first error it is destroyed, so what it does to reconnect must not wait. */
  readonly create: () => RedisClientType
  readonly clock: Clock
  readonly onUp: (client: RedisClientType) => void
  /** Called for each attempt that fails, and each connection that ends. */
  readonly onDown: () => void
}

export function createLine({ create, clock, onUp, onDown }: LineOptions): Line {
  const patience = createPatience(clock)
  let current: Attempt | undefined
  let failed = 0
  let closing: Promise<void> | undefined
  let cancelRetry: (() => void) | undefined

  function open(): void {
    const onReady = (client: RedisClientType): void => {
      failed = 0
      onUp(client)
    }
    const onEnd = (garbled: boolean): void => {
      current = undefined
      if (closing) return
      onDown()
      // Twice as long each time, up to 0.6 s. Redis is there while it talks garbage, and that may be over at any time.
      const wait = garbled ? Math.min(20 * 2 ** failed, 200) : Math.min(50 * 2 ** failed, 500)
      failed += 1
      cancelRetry = clock.schedule(wait + Math.random() * Math.min(wait, 100), open)
    }
    current = attempt(create(), { clock, patience, onReady, onEnd })
  }

  open()
  return {
    get up() {
      return current?.isUp ? current : undefined
    },
    distrust() {
      if (current?.isUp) current.end('garbled')
    },
    close() {
      closing ??= (async () => {
        cancelRetry?.()
        const ending = current
        // Its answer comes after all others.
        if (ending?.isUp) await Promise.race([ending.watch.check(), pause(clock, CLOSE_MS)])
        ending?.end()
      })()
      return closing
    },
  }
}

interface Attempt {
  readonly client: RedisClientType
  readonly watch: Watch
  /** It has shown that it works, and no sign since that it does not. */
  readonly isUp: boolean
  end(complaint?: Complaint): void
}

interface AttemptOptions extends Pick<LineOptions, 'clock'> {
  readonly patience: ReturnType<typeof createPatience>
  readonly onReady: (client: RedisClientType) => void
  readonly onEnd: (garbled: boolean) => void
}

function attempt(client: RedisClientType, { clock, patience, onReady, onEnd }: AttemptOptions): Attempt {
  let state: 'connecting' | 'greeting' | 'up' | 'over' = 'connecting'
  const watch = watchAnswers({
    clock,
    patience,
    ping: (nonce) => client.sendCommand(['PING', nonce], { typeMapping: {} }),
    onComplaint: end,
  })

  function end(complaint?: Complaint): void {
    if (state === 'over') return
    const wasConnecting = state === 'connecting'
    state = 'over'
    if (complaint === 'garbled') patience.garbled()
    watch.stop()
    // One that is still connecting cannot be stopped: it goes as soon as it is connected, and holds up nobody.
    if (wasConnecting) {
      client.unref()
      client.once('ready', () => destroy(client))
    } else destroy(client)
    onEnd(complaint === 'garbled')
  }

  client.on('error', (error) => {
    end(isParserError(error) ? 'garbled' : undefined)
    destroy(client)
  })
  client.on('connect', () => {
    if (state === 'connecting') state = 'greeting'
  })
  // What is sent at the start is owed like any other answer, but a name that takes long to look up is no silence.
  const connected = client.connect()
  client.once('connect', () => void watch.track(connected).catch(() => {}))
  connected
    .then(() => watch.check())
    .then(
      (works) => {
        if (!works || state !== 'greeting') return end()
        state = 'up'
        watch.start()
        onReady(client)
      },
      () => end(),
    )
  return {
    client,
    watch,
    get isUp() {
      return state === 'up' && client.isReady
    },
    end,
  }
}

/** Whether node-redis could not read what came. It says so by whatever its parser ran into. */
export function isParserError(error: unknown): boolean {
  return (
    error instanceof TypeError || error instanceof RangeError || (error instanceof Error && error.message.startsWith('Unknown RESP type'))
  )
}

export function destroy(client: { destroy(): unknown }): void {
  try {
    client.destroy()
  } catch {
    // It is closed already.
  }
}

const CLOSE_MS = 1000
