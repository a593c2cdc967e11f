/** When a store is not worth asking: the circuit breaker of its reads or of its writes, and what finds out when it is again. */

import { checkNames, countOf } from '../checks.js'
import type { Clock, StoreFailure } from '../ports.js'

export interface BreakerOptions {
  /** Failures in a row that open it. @default 5 */
  readonly consecutive?: number | undefined
  /** Calls that the window must hold before half of them failing opens it. @default 20 */
  readonly minCalls?: number | undefined
  /** Length of the window in ms. @default 10_000 */
  readonly windowMs?: number | undefined
  /** Wait before the first probe in ms; it doubles with each that fails. @default 250 */
  readonly probeMs?: number | undefined
  /** Longest wait between two probes in ms. @default 1000 */
  readonly maxProbeMs?: number | undefined
}

export type BreakerConfig = { readonly [name in keyof BreakerOptions]-?: number }

/** @throws OptionError on unknown options and on values that are not positive integers */
export function resolveBreaker(options: BreakerOptions = {}): BreakerConfig {
  checkNames(options, ['consecutive', 'minCalls', 'windowMs', 'probeMs', 'maxProbeMs'], 'breaker')
  const probeMs = countOf('breaker.probeMs', options.probeMs, 250, 1, LONGEST_MS)
  return {
    consecutive: countOf('breaker.consecutive', options.consecutive, 5),
    minCalls: countOf('breaker.minCalls', options.minCalls, 20),
    windowMs: countOf('breaker.windowMs', options.windowMs, 10_000, 1, LONGEST_MS),
    probeMs,
    maxProbeMs: Math.max(probeMs, countOf('breaker.maxProbeMs', options.maxProbeMs, 1000, 1, LONGEST_MS)),
  }
}

export interface Breaker {
  readonly open: boolean
  /** What opened it. */
  readonly because: StoreFailure | undefined
  /** It is closed and the last call failed. */
  readonly failing: boolean
  /** When the failures in a row began, monotonic ms. */
  readonly failingSince: number
  /** Grows when it opens and when it closes: calls of an earlier generation say nothing of this one. */
  readonly generation: number
  /** A call begun in `generation` was answered. @param now monotonic ms */
  succeed(generation: number, now: number): void
  fail(generation: number, now: number, reason: StoreFailure): void
  /** Opens it at once: there is nothing to wait for. */
  trip(now: number, reason: StoreFailure): void
  /** Closes it, with nothing counted. */
  reset(): void
}

/**
 * Opens on `consecutive` failures in a row, or when half of at least `minCalls` calls in the window failed. It never closes
 * by itself.
 *
 * @param onOpen `mixed`: not all failed
 */
export function createBreaker(config: BreakerConfig, onOpen: (mixed: boolean) => void): Breaker {
  const window = createWindow(config.windowMs)
  let open = false
  let because: StoreFailure | undefined
  let generation = 0
  let inRow = 0
  let failingSince = 0

  function change(toOpen: boolean): void {
    open = toOpen
    generation += 1
    inRow = 0
    window.clear()
  }

  function openNow(reason: StoreFailure, mixed: boolean): void {
    because = reason
    change(true)
    onOpen(mixed)
  }

  return {
    get open() {
      return open
    },
    get because() {
      return because
    },
    get failing() {
      return inRow > 0
    },
    get failingSince() {
      return failingSince
    },
    get generation() {
      return generation
    },
    succeed(at, now) {
      if (at !== generation || open) return
      inRow = 0
      window.add(now, false)
    },
    fail(at, now, reason) {
      if (at !== generation || open) return
      if (inRow === 0) failingSince = now
      inRow += 1
      window.add(now, true)
      const straight = inRow >= config.consecutive
      if (straight || window.isBad(now, config.minCalls)) openNow(reason, !straight)
    },
    trip(now, reason) {
      if (open) return
      if (inRow === 0) failingSince = now
      openNow(reason, false)
    },
    reset: () => change(false),
  }
}

interface CallWindow {
  add(now: number, failed: boolean): void
  /** Half or more of at least `minCalls` failed. */
  isBad(now: number, minCalls: number): boolean
  clear(): void
}

/** Counts by time slice: its size does not depend on the number of calls. */
function createWindow(windowMs: number): CallWindow {
  const sliceMs = windowMs / SLICES
  const slices = Array.from({ length: SLICES }, () => ({ id: -1, calls: 0, failed: 0 }))
  return {
    add(now, failed) {
      const id = Math.floor(now / sliceMs)
      const slice = slices[id % SLICES] as (typeof slices)[number]
      if (slice.id !== id) Object.assign(slice, { id, calls: 0, failed: 0 })
      slice.calls += 1
      if (failed) slice.failed += 1
    },
    isBad(now, minCalls) {
      const oldest = Math.floor(now / sliceMs) - SLICES
      const inside = slices.filter((slice) => slice.id > oldest)
      const calls = inside.reduce((sum, slice) => sum + slice.calls, 0)
      return calls >= minCalls && inside.reduce((sum, slice) => sum + slice.failed, 0) * 2 >= calls
    },
    clear() {
      for (const slice of slices) slice.id = -1
    },
  }
}

export interface ProberOptions {
  readonly config: BreakerConfig
  readonly clock: Pick<Clock, 'monotonic' | 'schedule'>
  /** In [0, 1). */
  readonly random: () => number
  /** Asks the store once: whether it answered, in bounded time. Never rejects. */
  readonly probe: () => Promise<boolean>
  /** From 1 on waits grow by this factor: how far calls that the store never answered fill what is allowed for them. */
  readonly crowding: () => number
  readonly onAnswer: (works: boolean) => void
}

export interface Prober {
  /** Probes until one works. @param atOnce the first without waiting */
  start(atOnce: boolean): void
  stop(): void
  /** The store gave a sign of life. */
  nudge(): void
}

/**
 * Probes one at a time, in waits that double and are spread by a quarter either way. What broke again within the window of
 * its recovery goes on with long waits.
 *
 * A client that never answers must not gather calls without bound: `crowding` makes probes rarer until there is a sign of life.
 */
export function createProber(options: ProberOptions): Prober {
  const { config, clock, random } = options
  let running = false
  let inFlight = false
  let failed = 0
  let workedAt = Number.NEGATIVE_INFINITY
  let dueAt = 0
  let cancel: (() => void) | undefined

  function wait(): number {
    const paced = Math.min(config.maxProbeMs, config.probeMs * 2 ** Math.min(failed, 30))
    return Math.min(LONGEST_MS, paced * (1 + (random() - 0.5) * 2 * JITTER) * Math.max(1, options.crowding()))
  }

  function plan(ms: number): void {
    cancel?.()
    dueAt = clock.monotonic() + ms
    cancel = clock.schedule(ms, run)
  }

  function run(): void {
    cancel = undefined
    // One may be left over from before a stop.
    if (inFlight) {
      plan(wait())
      return
    }
    inFlight = true
    options.probe().then((works) => {
      inFlight = false
      if (!running) return
      if (works) {
        running = false
        cancel?.()
        cancel = undefined
        workedAt = clock.monotonic()
      } else {
        failed += 1
        plan(wait())
      }
      options.onAnswer(works)
    })
  }

  return {
    start(atOnce) {
      if (running) return
      running = true
      if (clock.monotonic() - workedAt > config.windowMs) failed = 0
      if (atOnce && !inFlight) run()
      else plan(wait())
    },
    stop() {
      running = false
      cancel?.()
      cancel = undefined
    },
    nudge() {
      if (running && cancel && dueAt - clock.monotonic() > config.maxProbeMs * (1 + JITTER)) plan(config.probeMs)
    },
  }
}

const LONGEST_MS = 2 ** 31 - 1
const SLICES = 10
const JITTER = 0.25
