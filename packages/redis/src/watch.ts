/**
 * Finds out that a connection does not bring answers to what was asked any more: it asks it to repeat something, and counts how
 * long it leaves anything unanswered. Most garbled connections look alive; some are silent, since the client waits for the rest of
 * an answer whose length was changed.
 */

import type { Clock } from '@llm-cache/core'
import { ErrorReply } from '@redis/client'
import { createNonces } from './proof.js'

/** How long a connection may leave a command unanswered: longer for a Redis that is known to be slow. */
export interface Patience {
  /** In ms. */
  readonly ms: number
  /** Redis took `ms` to answer. */
  answered(ms: number): void
  /** It did not answer in time: perhaps more time is what it takes. */
  inVain(): void
  /** There is proof of garbage: for a while less is waited, and asked more often. */
  garbled(): void
  /** Whether there was proof of garbage lately. */
  readonly wary: boolean
}

export function createPatience(clock: Pick<Clock, 'monotonic'>): Patience {
  let learned = 0
  let garbledAt = Number.NEGATIVE_INFINITY
  const wary = (): boolean => clock.monotonic() - garbledAt < WARY_MS
  const least = (): number => (wary() ? WARY_PATIENCE_MS : PATIENCE_MS)
  return {
    get ms() {
      return Math.max(learned, least())
    },
    get wary() {
      return wary()
    },
    answered(ms) {
      learned = Math.min(3 * ms, MOST_PATIENCE_MS)
    },
    inVain() {
      learned = Math.min(2 * Math.max(learned, least()), MOST_PATIENCE_MS)
    },
    garbled() {
      garbledAt = clock.monotonic()
      learned = 0
    },
  }
}

/** What is wrong with a connection. `silent` may be a slow Redis, or one that is frozen. */
export type Complaint = 'garbled' | 'silent'

export interface Watch {
  /** Counts `reply` as owed until it settles. @param bytes sent with it, for which the connection gets more time */
  track<T>(reply: Promise<T>, bytes?: number): Promise<T>
  /** Asks whether answers still belong to questions. Resolves true when they do; otherwise a complaint is on its way. */
  check(): Promise<boolean>
  /** Checks from now on by itself. */
  start(): void
  stop(): void
}

export interface WatchOptions {
  readonly clock: Clock
  readonly patience: Patience
  /** Sends `PING <nonce>`. */
  readonly ping: (nonce: string) => Promise<unknown>
  /** Called at most once. */
  readonly onComplaint: (complaint: Complaint) => void
}

export function watchAnswers({ clock, patience, ping, onComplaint }: WatchOptions): Watch {
  const nonce = createNonces()
  /** Oldest first: when it was sent, in ticks that the event loop was there for. */
  const owed = new Set<{ readonly since: number }>()
  let owedBytes = 0
  let ticks = 0
  let ticking: (() => void) | undefined
  let checking: (() => void) | undefined
  let over = false

  function complain(complaint: Complaint): void {
    if (over) return
    stop()
    if (complaint === 'garbled') patience.garbled()
    else patience.inVain()
    onComplaint(complaint)
  }

  function stop(): void {
    over = true
    ticking?.()
    checking?.()
  }

  // In ticks, each with a turn of the event loop, not by the clock: answers that wait while this process is busy are not late.
  function tick(): void {
    ticking = undefined
    ticks += 1
    const [oldest] = owed
    if (!oldest || over) return
    if ((ticks - oldest.since) * TICK_MS > patience.ms + owedBytes / BYTES_PER_MS) complain('silent')
    else setImmediate(awaitTick)
  }

  function awaitTick(): void {
    if (!over && owed.size > 0) ticking ??= clock.schedule(TICK_MS, tick)
  }

  function track<T>(reply: Promise<T>, bytes = 0): Promise<T> {
    const debt = { since: ticks }
    owed.add(debt)
    owedBytes += bytes
    const settle = (): void => {
      owed.delete(debt)
      owedBytes -= bytes
    }
    reply.then(settle, settle)
    awaitTick()
    return reply
  }

  async function check(): Promise<boolean> {
    const asked = nonce()
    const at = clock.monotonic()
    try {
      if ((await track(ping(asked))) !== asked) {
        complain('garbled')
        return false
      }
    } catch (error) {
      // Loading, busy, no right to ask: that is an answer too.
      return error instanceof ErrorReply
    }
    patience.answered(clock.monotonic() - at)
    return true
  }

  function checkOn(): void {
    if (over) return
    checking = clock.schedule(patience.wary ? WARY_CHECK_MS : CHECK_MS, () => void check().finally(checkOn))
  }

  return { track, check, start: checkOn, stop }
}

const TICK_MS = 50
const PATIENCE_MS = 600
const MOST_PATIENCE_MS = 10_000
const CHECK_MS = 1000
const WARY_MS = 10_000
const WARY_PATIENCE_MS = 250
const WARY_CHECK_MS = 200
/** As slow as an upload may be: 1 MiB a second. */
const BYTES_PER_MS = 1024
