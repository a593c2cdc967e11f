/** One connection through the fault proxy: two directions, each a queue of bytes that the mode delays, changes or loses. */

import type { Socket } from 'node:net'
import type { Clock } from '../ports.js'

/** What happens to connections. A mode holds for those that are open and for new ones, until the next mode. */
export type FaultMode =
  /** Bytes go both ways as they come. */
  | { readonly kind: 'pass' }
  /** As a process that is gone: nobody listens, open connections are reset. */
  | { readonly kind: 'refuse' }
  /** Connections are accepted and nothing comes back. What was lost is lost: such connections are reset when the mode ends. */
  | { readonly kind: 'blackhole' }
  /** What the target sends arrives `ms` later. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** The next answer is cut by a reset half-way. */
  | { readonly kind: 'reset' }
  /**
   * The client gets as many bytes as the target sent, but others: all at random, or with one bit flipped in a `share` of them.
   * `share` in (0, 1], @default 0.01
   */
  | { readonly kind: 'garbage'; readonly how: 'random' | 'flip'; readonly share?: number }
  /** The client's connections get their FIN at once and no byte more, what it sends still arrives. Reset when the mode ends. */
  | { readonly kind: 'half-close' }
  /** What the target sends arrives at this rate. */
  | { readonly kind: 'drip'; readonly bytesPerSecond: number }
  /** `pass` for `periodMs`, then for as long every connection is reset, new ones as they are accepted; and again. */
  | { readonly kind: 'flap'; readonly periodMs: number }
  /** Nothing is read, in either direction: as a process that was stopped. Nothing is lost. */
  | { readonly kind: 'pause' }

export interface FaultConnectionOptions {
  readonly client: Socket
  readonly target: Socket
  readonly mode: FaultMode
  /** Numbers in [0, 1), for the garbage of this connection. */
  readonly random: () => number
  readonly clock: Clock
  /** Called with the bytes received, before the mode does anything to them. */
  readonly count: (bytes: number, from: 'client' | 'target') => void
}

export interface FaultConnection {
  /** The mode changed. */
  apply(mode: FaultMode): void
  /** RST to the client, at once; the target's side is destroyed. Idempotent. */
  reset(): void
}

export function createFaultConnection(options: FaultConnectionOptions): FaultConnection {
  const { client, target, random, clock, count } = options
  let mode = options.mode
  let lossy = false
  let cut: (() => void) | undefined

  const toTarget = createDirection(client, target, clock, (bytes) => {
    count(bytes.length, 'client')
    if (mode.kind !== 'blackhole') return bytes
    lossy = true
    return undefined
  })
  const toClient = createDirection(target, client, clock, (bytes) => {
    count(bytes.length, 'target')
    if (cut) return undefined
    if (mode.kind === 'garbage') return mode.how === 'random' ? scramble(bytes, 1, random) : scramble(bytes, mode.share ?? 0.01, random)
    if (mode.kind === 'reset') {
      client.write(bytes.subarray(0, bytes.length >> 1))
      // Clients that find bytes and the reset together take it for a clean end.
      cut = clock.schedule(RESET_AFTER_MS, reset)
      return undefined
    }
    if (mode.kind !== 'blackhole') return bytes
    lossy = true
    return undefined
  })

  function reset(): void {
    cut?.()
    toTarget.stop()
    toClient.stop()
    target.destroy()
    if (!client.destroyed) client.resetAndDestroy()
  }

  function apply(next: FaultMode): void {
    if (lossy && next.kind !== mode.kind) {
      reset()
      return
    }
    mode = next
    if (mode.kind === 'half-close') {
      lossy = true
      toClient.stop()
      client.end()
    }
    toTarget.shape({ paused: mode.kind === 'pause' })
    toClient.shape({
      paused: mode.kind === 'pause',
      ...(mode.kind === 'latency' ? { delayMs: mode.ms } : {}),
      ...(mode.kind === 'drip' ? { bytesPerSecond: mode.bytesPerSecond } : {}),
    })
  }

  client.on('error', reset)
  target.on('error', reset)
  apply(mode)
  return { apply, reset }
}

interface Shape {
  readonly paused: boolean
  readonly delayMs?: number
  readonly bytesPerSecond?: number
}

interface Direction {
  /** Changes the pace; what waits goes at once if nothing delays it any more. */
  shape(shape: Shape): void
  /** Drops what waits and everything that follows. */
  stop(): void
}

/** Bytes held back in one direction, at most; more are left in the kernel. */
const MAX_WAITING_BYTES = 1024 * 1024
const RESET_AFTER_MS = 5
/** Slices a second of a drip, unless it is slower than that many bytes. */
const SLICES_PER_SECOND = 50

/** @param change what becomes of received bytes; undefined: they are lost */
function createDirection(from: Socket, to: Socket, clock: Clock, change: (bytes: Buffer) => Buffer | undefined): Direction {
  const waiting: { readonly due: number; readonly bytes: Buffer }[] = []
  let shape: Shape = { paused: false }
  let waitingBytes = 0
  let lastDue = 0
  let stopped = false
  let ended = false
  let cancel: (() => void) | undefined

  function enqueue(bytes: Buffer): void {
    const now = clock.monotonic()
    waitingBytes += bytes.length
    if (shape.bytesPerSecond === undefined) {
      waiting.push({ due: now + (shape.delayMs ?? 0), bytes })
      return
    }
    const size = Math.max(1, Math.floor(shape.bytesPerSecond / SLICES_PER_SECOND))
    for (let start = 0; start < bytes.length; start += size) {
      const slice = bytes.subarray(start, start + size)
      lastDue = Math.max(lastDue, now) + (slice.length * 1000) / shape.bytesPerSecond
      waiting.push({ due: lastDue, bytes: slice })
    }
  }

  /** Sends what is due, sees to the next that will be, and reads on if there is room. */
  function flow(): void {
    cancel?.()
    cancel = undefined
    if (stopped) return
    while (waiting[0] && waiting[0].due <= clock.monotonic()) {
      const { bytes } = waiting.shift() as { bytes: Buffer }
      waitingBytes -= bytes.length
      if (to.writable) to.write(bytes)
    }
    if (waiting[0]) cancel = clock.schedule(waiting[0].due - clock.monotonic(), flow)
    else if (ended) to.end()
    if (shape.paused || to.writableNeedDrain || waitingBytes > MAX_WAITING_BYTES) from.pause()
    else from.resume()
  }

  from.on('data', (received: Buffer) => {
    const bytes = change(received)
    if (!bytes || stopped) return
    enqueue(bytes)
    flow()
  })
  from.on('end', () => {
    ended = true
    flow()
  })
  to.on('drain', flow)

  return {
    shape(next) {
      shape = next
      lastDue = 0
      if (next.delayMs === undefined && next.bytesPerSecond === undefined) {
        for (const [at, { bytes }] of waiting.entries()) waiting[at] = { due: 0, bytes }
      }
      flow()
    },
    stop() {
      stopped = true
      waiting.length = 0
      cancel?.()
      cancel = undefined
    },
  }
}

/** A copy of `bytes` in which a `share` of them has one bit flipped; all at random where it is 1. */
function scramble(bytes: Buffer, share: number, random: () => number): Buffer {
  if (share >= 1) return Buffer.from(bytes.map(() => Math.floor(random() * 256)))
  return Buffer.from(bytes.map((byte) => (random() < share ? byte ^ (1 << Math.floor(random() * 8)) : byte)))
}
