/** Requests about to be sent ahead: the most promising first, none for long, and none while the app has other work. */

import type { Clock } from '../../ports.js'
import type { Removal } from '../../stores/hearing.js'

/** A request that is to be sent when there is room for it. */
export interface Waiting {
  readonly key: string
  /** What is expected of it, in USD. */
  readonly gain: number
}

/** `sent` and `dropped` take it off the list; `later` leaves it, and everything behind it, for the next try. */
export type Attempt = 'sent' | 'dropped' | 'later'

export interface WaitingList<W extends Waiting> {
  has(key: string): boolean
  /** Waits for `delayMs` at the least. */
  add(waiting: W, delayMs: number): void
  drop(key: string): void
  forget(removal: Removal): void
  /** There may be room now. */
  poke(): void
  close(): void
}

const MAX_WAITING = 64
/** How often it is tried while there is no room, in ms. */
const RETRY_MS = 250
/** A request that found no room for so long is given up, in ms: its user has come or gone. */
const PATIENCE_MS = 10_000

export function createWaitingList<W extends Waiting>(clock: Clock, attempt: (waiting: W) => Attempt): WaitingList<W> {
  const list = new Map<string, { readonly waiting: W; readonly due: number }>()
  let cancel: (() => void) | undefined
  let wakeAt = Number.POSITIVE_INFINITY
  let closed = false

  function wake(at: number): void {
    if (closed || at >= wakeAt) return
    cancel?.()
    wakeAt = at
    cancel = clock.schedule(Math.max(0, at - clock.monotonic()), () => {
      wakeAt = Number.POSITIVE_INFINITY
      cancel = undefined
      pump()
    })
  }

  function pump(): void {
    const now = clock.monotonic()
    const due = [...list.values()].filter((item) => item.due <= now).sort((a, b) => b.waiting.gain - a.waiting.gain)
    for (const item of due) {
      if (now - item.due >= PATIENCE_MS) {
        list.delete(item.waiting.key)
        continue
      }
      if (attempt(item.waiting) === 'later') {
        wake(now + RETRY_MS)
        break
      }
      list.delete(item.waiting.key)
    }
    for (const item of list.values()) if (item.due > now) wake(item.due)
  }

  return {
    has: (key) => list.has(key),
    add(waiting, delayMs) {
      if (closed) return
      const due = clock.monotonic() + delayMs
      list.set(waiting.key, { waiting, due })
      if (list.size > MAX_WAITING) {
        let least: W = waiting
        for (const item of list.values()) if (item.waiting.gain < least.gain) least = item.waiting
        list.delete(least.key)
      }
      wake(due)
    },
    drop: (key) => list.delete(key),
    forget(removal) {
      if ('keys' in removal) for (const key of removal.keys) list.delete(key)
      else for (const key of [...list.keys()]) if (key.startsWith(removal.prefix)) list.delete(key)
    },
    poke: () => pump(),
    close() {
      closed = true
      cancel?.()
      list.clear()
    },
  }
}
