/** The guard round a store: every call comes back in time and none throws, whatever the store does. */

import type { Entry } from '../entry/entry.js'
import { isThenable, type Schedule, withDeadline } from '../lib/deadline.js'
import type { Awaitable, CacheStore, Clock, StoreEvent, StoreFailure, StoreLimits, StoreOperation, StoreSize } from '../ports.js'
import { createListeners } from './listeners.js'
import { resolveCount } from './options.js'
import { type CallSlots, createCallSlots } from './slots.js'

export interface GuardOptions {
  /** Longest wait for `get`, `set` and `delete`, in ms. @default 100 */
  readonly deadlineMs?: number | undefined
  /** Longest wait for `clear` and `close`, which walk through everything, in ms. @default 10_000 */
  readonly longDeadlineMs?: number | undefined
  /** Calls that the store may leave unanswered; beyond it calls fail at once as 'timeout'. @default 1000 */
  readonly maxUnanswered?: number | undefined
  readonly clock: Clock
}

export type GetOutcome =
  | { readonly kind: 'found'; readonly entry: Entry }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly reason: StoreFailure }
export type SetOutcome = 'stored' | 'refused' | 'failed'
export type DeleteOutcome = 'deleted' | 'absent' | 'failed'
export type ClearOutcome = 'cleared' | 'failed'

/**
 * A `CacheStore` whose methods neither throw nor reject. Answers of a synchronous store come synchronously. Every failed
 * call is one 'store-failed' event; a write that timed out may have been carried out all the same.
 */
export interface GuardedStore {
  readonly name: string
  readonly limits: StoreLimits
  readonly synchronous: boolean
  get(key: string): Awaitable<GetOutcome>
  set(entry: Entry): Awaitable<SetOutcome>
  delete(key: string): Awaitable<DeleteOutcome>
  clear(): Awaitable<ClearOutcome>
  size(): StoreSize | undefined
  close(): Awaitable<void>
  /** Events of the store and of the guard. */
  listen(listener: (event: StoreEvent) => void): void
}

/** @throws OptionError when a limit is not a positive integer */
export function guardStore(store: CacheStore, options: GuardOptions): GuardedStore {
  const { clock } = options
  const deadlineMs = resolveCount('deadlineMs', options.deadlineMs, 100, 2 ** 31 - 1)
  const longDeadlineMs = resolveCount('longDeadlineMs', options.longDeadlineMs, 10_000, 2 ** 31 - 1)
  const slots: CallSlots = createCallSlots(resolveCount('maxUnanswered', options.maxUnanswered, 1000), clock)
  const listeners = createListeners()
  const schedule: Schedule = (ms, callback) => clock.schedule(ms, callback)
  const { name, limits } = store
  store.listen?.(listeners.emit)

  function fail<R>(operation: StoreOperation, reason: StoreFailure, failed: (reason: StoreFailure) => R): R {
    listeners.emit({ type: 'store-failed', store: name, operation, reason })
    return failed(reason)
  }

  /** One call: `work` under `ms`, its answer through `done`, its failure through `failed`. */
  function call<T, R>(
    operation: StoreOperation,
    ms: number,
    work: () => Awaitable<T>,
    done: (value: T) => R,
    failed: (reason: StoreFailure) => R,
  ): Awaitable<R> {
    if (!slots.mayBegin()) return fail(operation, 'timeout', failed)
    let answer: Awaitable<T>
    try {
      answer = work()
      if (!isThenable(answer)) return done(answer)
    } catch {
      return fail(operation, 'error', failed)
    }
    return withDeadline(answer, ms, schedule, slots.begin()).then((outcome) => {
      if (outcome.kind === 'late') return fail(operation, 'timeout', failed)
      if (outcome.kind === 'thrown') return fail(operation, 'error', failed)
      try {
        return done(outcome.value)
      } catch {
        return fail(operation, 'error', failed)
      }
    })
  }

  /** What a store of somebody else's answers may be anything. */
  function check(answer: Entry | undefined | null, key: string): GetOutcome {
    if (answer === undefined || answer === null) return ABSENT
    if (answer.key === key && answer.body instanceof Uint8Array) return { kind: 'found', entry: answer }
    listeners.emit({ type: 'entry-damaged', store: name, reason: 'foreign-key' })
    return ABSENT
  }

  return {
    name,
    limits,
    synchronous: store.synchronous === true,
    get: (key) =>
      call(
        'get',
        deadlineMs,
        () => store.get(key),
        (answer) => check(answer, key),
        getFailed,
      ),
    set: (entry) =>
      call(
        'set',
        deadlineMs,
        () => store.set(entry),
        (stored) => (stored ? 'stored' : 'refused'),
        otherFailed,
      ),
    delete: (key) =>
      call(
        'delete',
        deadlineMs,
        () => store.delete(key),
        (removed) => (removed ? 'deleted' : 'absent'),
        otherFailed,
      ),
    clear: () =>
      call(
        'clear',
        longDeadlineMs,
        () => store.clear(),
        () => 'cleared' as const,
        otherFailed,
      ),
    close: () =>
      call(
        'connection',
        longDeadlineMs,
        () => store.close(),
        () => {},
        () => {},
      ),
    size() {
      try {
        return store.size()
      } catch {
        return undefined
      }
    },
    listen: listeners.add,
  }
}

const ABSENT: GetOutcome = { kind: 'absent' }
const getFailed = (reason: StoreFailure): GetOutcome => ({ kind: 'failed', reason })
const otherFailed = (): 'failed' => 'failed'
