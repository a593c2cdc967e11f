/** Calls of a store, each under a deadline and counted by the breaker of its kind. */

import { isThenable, withDeadline } from '../lib/deadline.js'
import type { Awaitable, Clock, StoreEvent, StoreFailure, StoreOperation } from '../ports.js'
import type { Breaker } from './breaker.js'
import type { Health } from './health.js'
import type { LatencyHistogram } from './latency.js'

export type CallResult<T> = { readonly kind: 'done'; readonly value: T } | { readonly kind: 'failed'; readonly reason: StoreFailure }

export interface CallsOptions {
  readonly name: string
  readonly clock: Pick<Clock, 'monotonic' | 'schedule'>
  readonly health: Health
  readonly emit: (event: StoreEvent) => void
}

export interface Call<T, R> {
  readonly operation: StoreOperation
  readonly ms: number
  readonly work: () => Awaitable<T>
  /** Makes sense of the answer; may throw. */
  readonly read: (value: T) => R
  /** Where the time of answers is counted. */
  readonly times?: LatencyHistogram
  /** After the answer came too late: it came, with this ending. */
  readonly onLate?: (kind: 'done' | 'thrown') => void
}

export interface Calls {
  /** Failed calls by reason. */
  readonly failures: Readonly<Record<StoreFailure, number>>
  /**
   * Carries a call out, unless its breaker is open; 'flight', for which requests wait and which may write, unless any is. Answers
   * at once where the store does. Never throws or rejects.
   */
  call<T, R>(call: Call<T, R>): Awaitable<CallResult<R>>
  /** Carries it out even then. */
  force<T, R>(call: Call<T, R>): Awaitable<CallResult<R>>
  /** An event of the store itself. */
  hear(event: StoreEvent): void
}

export function createCalls(options: CallsOptions): Calls {
  const { name, clock, health, emit } = options
  const failures: Record<StoreFailure, number> = { timeout: 0, error: 0, refused: 0, skipped: 0 }
  /** Calls that the backend refused, as the store told in an event: its `false` then is a failure. */
  let refusals = 0

  const breakerOf = (operation: StoreOperation): Breaker => (WRITES.has(operation) ? health.writes : health.reads)

  function fail(breaker: Breaker, generation: number, operation: StoreOperation, reason: StoreFailure): CallResult<never> {
    failures[reason] += 1
    if (!breaker.open) emit({ type: 'store-failed', store: name, operation, reason })
    if (operation !== 'connection') breaker.fail(generation, clock.monotonic(), reason)
    return FAILED[reason]
  }

  function force<T, R>({ operation, ms, work, read, times, onLate }: Call<T, R>): Awaitable<CallResult<R>> {
    const breaker = breakerOf(operation)
    const { generation } = breaker
    const refusalsBefore = refusals
    const startedAt = clock.monotonic()

    function land(value: T): CallResult<R> {
      const result: CallResult<R> = { kind: 'done', value: read(value) }
      const now = clock.monotonic()
      times?.add(now - startedAt)
      // Counted already, when the store said so.
      if ((value as unknown) === false && refusals !== refusalsBefore) return FAILED.refused
      breaker.succeed(generation, now)
      return result
    }

    let answer: Awaitable<T>
    try {
      answer = work()
      if (!isThenable(answer)) return land(answer)
    } catch {
      return fail(breaker, generation, operation, 'error')
    }
    const onSettled = (late: boolean, kind: 'done' | 'thrown'): void => {
      if (kind === 'done' && (late || breaker === health.writes)) health.arrived()
      if (late) onLate?.(kind)
    }
    return withDeadline(answer, ms, clock, onSettled).then((outcome) => {
      if (outcome.kind === 'late') return fail(breaker, generation, operation, 'timeout')
      if (outcome.kind === 'thrown') return fail(breaker, generation, operation, 'error')
      try {
        return land(outcome.value)
      } catch {
        return fail(breaker, generation, operation, 'error')
      }
    })
  }

  return {
    failures,
    force,
    call(call) {
      const isOpen = breakerOf(call.operation).open || (call.operation === 'flight' && health.reads.open)
      if (!isOpen) return force(call)
      failures.skipped += 1
      return FAILED.skipped
    },
    hear(event) {
      const told = event.store === name ? event : { ...event, store: name }
      if (told.type !== 'store-failed' || (told.reason !== 'refused' && told.operation !== 'connection')) {
        emit(told)
        return
      }
      if (told.reason === 'refused') refusals += 1
      failures[told.reason] += 1
      // What a failing write tells of its connection says nothing of reads.
      if (told.operation === 'connection' && health.writes.open) return
      const breaker = breakerOf(told.operation)
      if (!breaker.open) emit(told)
      breaker.fail(breaker.generation, clock.monotonic(), told.reason)
    },
  }
}

const WRITES: ReadonlySet<StoreOperation> = new Set<StoreOperation>(['set', 'delete', 'clear', 'flight'])
const FAILED: { readonly [reason in StoreFailure]: CallResult<never> } = {
  timeout: { kind: 'failed', reason: 'timeout' },
  error: { kind: 'failed', reason: 'error' },
  refused: { kind: 'failed', reason: 'refused' },
  skipped: { kind: 'failed', reason: 'skipped' },
}
