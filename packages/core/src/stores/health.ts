/** What is known of a store: the breakers of its reads and writes, the probes that close them, and the state they make. */

import type { Clock, StoreFailure, StoreState } from '../ports.js'
import { type Breaker, type BreakerConfig, createBreaker, createProber } from './breaker.js'

export interface HealthOptions {
  readonly config: BreakerConfig
  readonly clock: Pick<Clock, 'monotonic' | 'schedule'>
  readonly random: () => number
  /** Reads or writes once, in bounded time; whether that worked. Never rejects. */
  readonly probeRead: () => Promise<boolean>
  readonly probeWrite: () => Promise<boolean>
  /** As the prober's. */
  readonly crowding: () => number
  readonly onState: (state: StoreState, because: StoreFailure | undefined) => void
  /** A breaker opened or closed. */
  readonly onChange: () => void
}

export interface Health {
  readonly reads: Breaker
  readonly writes: Breaker
  readonly state: StoreState
  /** The store answered something after its deadline: it is there. */
  arrived(): void
  /** Ends the probes; the state stays as it is. */
  stop(): void
}

/**
 * Writes are probed only while reads work: a write that hangs holds its bytes. After an outage of both the state goes from
 * `down` to `up` in one step, once the first write has shown which it is; on the way down it takes one step too.
 */
export function createHealth(options: HealthOptions): Health {
  const { clock, config } = options
  let state: StoreState = 'up'
  let busy = false
  let arrivedAt = Number.NEGATIVE_INFINITY
  let openedAt = 0
  let awaitingWrite = false
  let awaitingRead = false
  let looking = false
  let stopped = false

  const reads = createBreaker(config, (mixed) => {
    openedAt = clock.monotonic()
    busy = mixed || arrivedAt > reads.failingSince
    awaitingWrite = false
    awaitingRead = false
    writeProber.stop()
    if (!stopped) readProber.start(false)
    changed()
  })
  const writes = createBreaker(config, () => {
    if (!reads.open && !stopped) {
      writeProber.start(false)
      lookAtReads()
    }
    changed()
  })

  /**
   * Writes fail; whether reads do too is not left to whoever reads next, for that may be nobody: no 'read-only' for a store that
   * is down.
   */
  function lookAtReads(): void {
    if (looking) return
    looking = true
    awaitingRead = true
    options.probeRead().then((works) => {
      looking = false
      awaitingRead = false
      if (stopped) return
      if (!works && writes.open) reads.trip(clock.monotonic(), writes.because ?? 'error')
      changed()
    })
  }

  const readProber = createProber({
    ...options,
    probe: options.probeRead,
    onAnswer(works) {
      if (works) {
        reads.reset()
        awaitingWrite = writes.open
        if (writes.open) writeProber.start(true)
      } else {
        const now = clock.monotonic()
        const alive = busy ? Math.max(arrivedAt, openedAt) : arrivedAt > openedAt ? arrivedAt : Number.NEGATIVE_INFINITY
        busy = now - alive < SIGN_OF_LIFE_MS
      }
      changed()
    },
  })
  const writeProber = createProber({
    ...options,
    probe: options.probeWrite,
    onAnswer(works) {
      awaitingWrite = false
      if (works) writes.reset()
      else if (!reads.open) lookAtReads()
      changed()
    },
  })

  function stateNow(): StoreState {
    if (reads.open) return busy ? 'busy' : 'down'
    return writes.open ? 'read-only' : 'up'
  }

  function changed(): void {
    const next = stateNow()
    if (next !== state && !awaitingWrite && !awaitingRead && !stopped) {
      state = next
      options.onState(next, next === 'up' ? undefined : (reads.open ? reads : writes).because)
    }
    options.onChange()
  }

  return {
    reads,
    writes,
    get state() {
      return state
    },
    arrived() {
      arrivedAt = clock.monotonic()
      readProber.nudge()
      writeProber.nudge()
    },
    stop() {
      stopped = true
      readProber.stop()
      writeProber.stop()
    },
  }
}

/** As long as a late answer counts. Probes, and so their late answers, are a second apart. */
const SIGN_OF_LIFE_MS = 3000
