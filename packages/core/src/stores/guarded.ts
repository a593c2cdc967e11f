/** The guard round a store: every call comes back in time and none throws, whatever the store does. */

import type { Entry } from '../entry/entry.js'
import { isThenable, type Schedule, withDeadline } from '../lib/deadline.js'
import type {
  Awaitable,
  CacheStore,
  Clock,
  StoreEvent,
  StoreFailure,
  StoreLimits,
  StoreOperation,
  StoreSize,
  StoreState,
} from '../ports.js'
import type { Fence, Sharing } from '../sharing.js'
import type { BreakerOptions } from './breaker.js'
import { createLatencyHistogram, type LatencySummary } from './latency.js'
import { createListeners } from './listeners.js'
import { resolveCount } from './options.js'
import { type CallSlots, createCallSlots } from './slots.js'

export interface GuardOptions {
  /** Label in events and statistics. @default the store's own name */
  readonly name?: string | undefined
  /** Longest wait for `get`, `set` and `delete`, in ms. @default 100 */
  readonly deadlineMs?: number | undefined
  /** Longest wait for what walks through everything (`keys`, `clear`) and for `flush` and `close`, in ms. @default 10_000 */
  readonly longDeadlineMs?: number | undefined
  readonly breaker?: BreakerOptions | undefined
  readonly queue?: QueueOptions | undefined
  /** For jitter, in [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined
  readonly clock: Clock
}

/** Writes that wait for an asynchronous store. */
export interface QueueOptions {
  /** Most writes that wait. @default 1000 */
  readonly maxItems?: number | undefined
  /** Most bytes that wait, as `entryBytes` counts them. @default 16_777_216 (16 MiB) */
  readonly maxBytes?: number | undefined
  /** Most writes under way at once. @default 16 */
  readonly concurrency?: number | undefined
}

export type GetOutcome =
  | { readonly kind: 'found'; readonly entry: Entry }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly reason: StoreFailure }
/** `dropped`: given up before the store saw it; a newer write or delete of the key, an erasure, a full queue, its time over, the end. */
export type SetOutcome = 'stored' | 'refused' | 'failed' | 'dropped'
export type DeleteOutcome = 'deleted' | 'absent' | 'failed'
export type EraseOutcome =
  | { readonly kind: 'erased'; readonly matched: number; readonly removed: number }
  | {
      readonly kind: 'failed'
      /** `unsupported`: the store cannot list its keys; `left`: keys were still there on a second look. */
      readonly reason: StoreFailure | 'unsupported' | 'left'
      readonly removed: number
    }
export type AttemptOutcome<T> = { readonly kind: 'done'; readonly value: T } | { readonly kind: 'failed'; readonly reason: StoreFailure }

/** A `CacheStore` whose methods neither throw nor reject, and answer in time. Answers of a synchronous store come synchronously. */
export interface GuardedStore {
  readonly name: string
  readonly limits: StoreLimits
  readonly synchronous: boolean
  readonly inMemory: boolean
  readonly sharing: Sharing | undefined
  readonly state: StoreState
  /** Sees writes that still wait or are under way. */
  get(key: string): Awaitable<GetOutcome>
  /** A synchronous store is written at once, others through the write-behind queue; the answer says what became of it. */
  set(entry: Entry, fence?: Fence): Awaitable<SetOutcome>
  /** Takes the key's waiting write out as well, and comes after one under way. */
  delete(key: string): Awaitable<DeleteOutcome>
  /** Removes every key that begins with `prefix`, waiting writes and those under way included, and looks again whether any is left. */
  erase(prefix: string): Promise<EraseOutcome>
  /** `work` under the same deadline and breaker: for what processes do together through the store. */
  attempt<T>(operation: StoreOperation, work: () => Promise<T>, ms?: number): Promise<AttemptOutcome<T>>
  size(): StoreSize | undefined
  stats(): TierStats
  /** Waits for the writes that wait, at most the long deadline. */
  flush(): Promise<void>
  /** Flushes, then closes the store. Idempotent. */
  close(): Promise<void>
  /** Events of the store and of the guard, under the guard's name. */
  listen(listener: (event: StoreEvent) => void): void
}

export interface TierStats {
  readonly name: string
  readonly state: StoreState
  readonly hits: number
  readonly misses: number
  /** Calls that failed, by reason. */
  readonly failures: Readonly<Record<StoreFailure, number>>
  /** Calls that the store answered in time. */
  readonly reads: LatencySummary
  readonly writes: LatencySummary
  readonly written: number
  readonly refused: number
  readonly dropped: number
  readonly queued: { readonly items: number; readonly bytes: number }
  readonly size: StoreSize | undefined
}

/** @throws OptionError when a limit is not a positive integer */
export function guardStore(store: CacheStore, options: GuardOptions): GuardedStore {
  const { clock } = options
  const deadlineMs = resolveCount('deadlineMs', options.deadlineMs, 100, 2 ** 31 - 1)
  const longDeadlineMs = resolveCount('longDeadlineMs', options.longDeadlineMs, 10_000, 2 ** 31 - 1)
  const slots: CallSlots = createCallSlots(resolveCount('maxUnanswered', undefined, 1000), clock)
  const listeners = createListeners()
  const schedule: Schedule = (ms, callback) => clock.schedule(ms, callback)
  const { limits } = store
  const name = options.name ?? store.name
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
    inMemory: store.inMemory === true,
    sharing: store.sharing,
    state: 'up',
    get: (key) =>
      call(
        'get',
        deadlineMs,
        () => store.get(key),
        (answer) => check(answer, key),
        getFailed,
      ),
    set: (entry, fence) =>
      call(
        'set',
        deadlineMs,
        () => store.set(entry, fence),
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
    async erase(prefix) {
      if (prefix === '' && !store.keys) {
        return call<void, EraseOutcome>(
          'clear',
          longDeadlineMs,
          () => store.clear(),
          () => ({ kind: 'erased', matched: 0, removed: 0 }),
          (reason) => ({ kind: 'failed', reason, removed: 0 }),
        )
      }
      return { kind: 'failed', reason: 'unsupported', removed: 0 }
    },
    attempt: async <T>(operation: StoreOperation, work: () => Promise<T>, ms: number = deadlineMs) =>
      call<T, AttemptOutcome<T>>(
        operation,
        ms,
        work,
        (value) => ({ kind: 'done', value }),
        (reason) => ({ kind: 'failed', reason }),
      ),
    stats: () => ({
      name,
      state: 'up',
      hits: 0,
      misses: 0,
      failures: { timeout: 0, error: 0, refused: 0, skipped: 0 },
      reads: createLatencyHistogram().summary(),
      writes: createLatencyHistogram().summary(),
      written: 0,
      refused: 0,
      dropped: 0,
      queued: { items: 0, bytes: 0 },
      size: store.size(),
    }),
    flush: async () => {},
    close: async () =>
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
