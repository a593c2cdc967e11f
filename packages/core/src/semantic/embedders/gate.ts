/** Whether an embedder is asked at all: a circuit breaker that lets one call through from time to time to see whether it works again. */

import type { Clock, StoreFailure } from '../../ports.js'
import { createBreaker, resolveBreaker } from '../../stores/breaker.js'

/** `up`: it is asked. `down`: it failed too often of late, and is asked once in a while. */
export type EmbedderState = 'up' | 'down'

export interface Gate {
  readonly state: EmbedderState
  /** Leave to make one call, or undefined: it is not worth asking. */
  enter(): Pass | undefined
}

/** One call. Exactly one of its functions is called, once. */
export interface Pass {
  succeed(): void
  fail(reason: 'timeout' | 'error'): void
  /** It says nothing: nobody waited for it any more. */
  drop(): void
}

/**
 * Closes after 5 failures in a row, or half of at least 20 within 10 s; then one call passes after 1 s, and again after waits that double up
 * to 30 s.
 *
 * @param abandoned calls that were given up and never ended: with each the waits grow, so that they do not gather without bound
 */
export function createGate(clock: Pick<Clock, 'monotonic'>, abandoned: () => number, onState: (state: EmbedderState) => void): Gate {
  let openedTimes = 0
  let retryAt = 0
  let probing = false
  const breaker = createBreaker(resolveBreaker(), () => {
    plan()
    onState('down')
  })

  function plan(): void {
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(openedTimes, 10))
    openedTimes += 1
    retryAt = clock.monotonic() + wait * Math.max(1, abandoned() - USUAL_ABANDONED)
  }

  function probe(): Pass {
    probing = true
    return {
      succeed() {
        probing = false
        openedTimes = 0
        breaker.reset()
        onState('up')
      },
      fail() {
        probing = false
        plan()
      },
      drop() {
        probing = false
      },
    }
  }

  return {
    get state() {
      return breaker.open ? 'down' : 'up'
    },
    enter() {
      if (breaker.open) return probing || clock.monotonic() < retryAt ? undefined : probe()
      const { generation } = breaker
      return {
        succeed: () => breaker.succeed(generation, clock.monotonic()),
        fail: (reason: StoreFailure) => breaker.fail(generation, clock.monotonic(), reason),
        drop: () => undefined,
      }
    },
  }
}

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 30_000
/** Calls given up in the failures that closed it. */
const USUAL_ABANDONED = 8
