/**
 * The guard round a store: every call comes back in time and none throws, whatever the store does. A store that does not work is
 * left alone until a probe finds it working; what was to be written meanwhile waits.
 */

import { checkNames, countOf } from '../checks.js'
import { type Entry, entryBytes } from '../entry/entry.js'
import { chain, withDeadline } from '../lib/deadline.js'
import type { Awaitable, CacheStore, Clock, StoreOperation, StoreSize } from '../ports.js'
import type { Fence } from '../sharing.js'
import { type BreakerOptions, resolveBreaker } from './breaker.js'
import { type CallResult, type Calls, createCalls } from './calls.js'
import { createCatchUp } from './catch-up.js'
import type { GetOutcome, GuardedStore } from './guarded-store.js'
import { createHealth, type Health } from './health.js'
import { createLateWrites } from './late-writes.js'
import { createLatencyHistogram } from './latency.js'
import { createListeners } from './listeners.js'
import { createRemovals } from './removals.js'
import { createWriteBehind, type DropReason, type QueueOptions, resolveQueue, type WriteOutcome } from './write-behind.js'

export interface GuardOptions {
  /** Label in events and statistics. @default the store's own name */
  readonly name?: string | undefined
  /** Longest wait for `get` and for `attempt`, which requests wait for, in ms. @default 100 */
  readonly deadlineMs?: number | undefined
  /**
   * Longest wait for `set` and `delete`, which no request waits for and which may take several round trips, in ms.
   * @default five times deadlineMs
   */
  readonly writeDeadlineMs?: number | undefined
  /**
   * Longest wait for the next of `keys`, for `clear` and `catchUp`, and for `flush` and `close`, in ms; an erasure has 30 times as
   * long for everything. @default 10_000
   */
  readonly longDeadlineMs?: number | undefined
  readonly breaker?: BreakerOptions | undefined
  readonly queue?: QueueOptions | undefined
  /**
   * Resolves once everything has been heard that others did before the call. After an outage waiting writes go out only then; it
   * is tried until it works. Reads do not wait for it, nor does a synchronous store. @default nothing is waited for
   */
  readonly catchUp?: (() => Promise<void>) | undefined
  /** For jitter, in [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined
  readonly clock: Clock
}

export type { AttemptOutcome, DeleteOutcome, EraseOutcome, GetOutcome, GuardedStore, SetOutcome, TierStats } from './guarded-store.js'
export type { QueueOptions }

/** @throws OptionError on unknown options and on limits that are not positive integers */
export function guardStore(store: CacheStore, options: GuardOptions): GuardedStore {
  checkNames(options, ['name', 'deadlineMs', 'writeDeadlineMs', 'longDeadlineMs', 'breaker', 'queue', 'catchUp', 'random', 'clock'])
  const { clock } = options
  const deadlineMs = countOf('deadlineMs', options.deadlineMs, 100, 1, LONGEST_MS)
  const writeDeadlineMs = countOf('writeDeadlineMs', options.writeDeadlineMs, Math.min(deadlineMs * 5, LONGEST_MS), 1, LONGEST_MS)
  const longDeadlineMs = countOf('longDeadlineMs', options.longDeadlineMs, 10_000, 1, LONGEST_MS)
  const config = { breaker: resolveBreaker(options.breaker), queue: resolveQueue(options.queue) }
  const name = options.name ?? store.name
  const synchronous = store.synchronous === true
  const listeners = createListeners()
  const counts = { hits: 0, misses: 0, written: 0, refused: 0, dropped: 0 }
  const times = { reads: createLatencyHistogram(), writes: createLatencyHistogram() }
  const lateWrites = createLateWrites(clock, longDeadlineMs, (key) => void removals.again(key))
  let lostProbes = 0
  let closed = false
  let closing: Promise<void> | undefined

  const health: Health = createHealth({
    config: config.breaker,
    clock,
    random: options.random ?? Math.random,
    probeRead: () => probe('get', deadlineMs, () => store.get(PROBE_KEY)),
    probeWrite,
    crowding: () => Math.max(lostProbes / MANY_PROBES, lateWrites.bytes / config.queue.maxBytes),
    onState: (state, because) => listeners.emit({ type: 'store-state', store: name, state, because }),
    onChange() {
      const away = isAway()
      if (closed && away) queue.close()
      if (options.catchUp && away) catchUp.away()
      if (!away) catchUp.back()
      queue.pump()
    },
  })
  const catchUp = createCatchUp({ attempt: () => hear(longDeadlineMs), clock, onDone: () => queue.pump() })
  const calls: Calls = createCalls({ name, clock, health, emit: listeners.emit })
  const queue = createWriteBehind({
    config: config.queue,
    clock,
    mayWrite: () => !isAway() && !catchUp.behind,
    write: async (...args) => write(calls.force, ...args),
    onDropped,
  })
  const removals = createRemovals({ store, calls, queue, lateWrites, clock, deadlineMs: writeDeadlineMs, longDeadlineMs })
  store.listen?.(calls.hear)

  function isAway(): boolean {
    return health.reads.open || health.writes.open
  }

  /** Not of reads or writes: that others cannot be heard does not say that the store does not work. */
  function hear(ms: number): Promise<boolean> {
    return probe('connection', ms, () => options.catchUp?.())
  }

  async function probeWrite(): Promise<boolean> {
    const deletes = (): Promise<boolean> => probe('delete', writeDeadlineMs, () => store.delete(PROBE_KEY))
    if (!options.catchUp || queue.items === 0) return queue.probe() ?? deletes()
    // Only a write finds a store that is out of memory; but one that has waited may bring back what others erased.
    const heard = await hear(writeDeadlineMs)
    if (closed || health.reads.open) return false
    return (heard ? queue.probe() : undefined) ?? deletes()
  }

  async function probe(operation: StoreOperation, ms: number, work: () => Awaitable<unknown>): Promise<boolean> {
    const onLate = (): void => {
      lostProbes -= 1
    }
    const result = await calls.force({ operation, ms, work, read: () => {}, onLate })
    if (result.kind === 'failed' && result.reason === 'timeout') lostProbes += 1
    return result.kind === 'done'
  }

  /** What a store of somebody else's answers may be anything. */
  function check(answer: Entry | undefined | null, key: string): GetOutcome {
    if (answer === undefined || answer === null) return ABSENT
    if (answer.key === key && answer.body instanceof Uint8Array) return { kind: 'found', entry: answer }
    listeners.emit({ type: 'entry-damaged', store: name, reason: 'foreign-key' })
    return ABSENT
  }

  function countGet(result: CallResult<GetOutcome>): GetOutcome {
    if (result.kind === 'failed') return result
    if (result.value.kind === 'found') counts.hits += 1
    else counts.misses += 1
    return result.value
  }

  function write(through: Calls['call'], entry: Entry, fence: Fence | undefined): Awaitable<WriteOutcome> {
    const late = lateWrites.watch(entry)
    const result = through({
      operation: 'set',
      ms: writeDeadlineMs,
      work: () => store.set(entry, fence),
      read: (stored): WriteOutcome => (stored ? 'stored' : 'refused'),
      times: times.writes,
      onLate: late.landed,
    })
    return chain(result, (ended) => {
      if (ended.kind === 'failed') {
        if (ended.reason === 'timeout') late.begin()
        return 'failed'
      }
      counts[ended.value === 'stored' ? 'written' : 'refused'] += 1
      return ended.value
    })
  }

  function readMany(keys: readonly string[]): Awaitable<CallResult<readonly (Entry | undefined)[]>> {
    return calls.call({
      operation: 'get',
      ms: deadlineMs,
      work: () => (store.getMany ? store.getMany(keys) : Promise.all(keys.map((key) => store.get(key)))),
      read: (found: readonly (Entry | undefined)[]) =>
        keys.map((key, index) => {
          const outcome = check(found[index], key)
          return outcome.kind === 'found' ? outcome.entry : undefined
        }),
    })
  }

  function put(entries: readonly Entry[], onLate: () => void = () => {}): Awaitable<CallResult<boolean>> {
    return calls.call({
      operation: 'set',
      ms: writeDeadlineMs,
      work: () => (store.setMany ? store.setMany(entries) : Promise.all(entries.map((entry) => store.set(entry)))),
      read: (stored: readonly boolean[]) => stored.length === entries.length && stored.every((one) => one === true),
      onLate: (kind) => {
        if (kind === 'done') onLate()
      },
    })
  }

  function onDropped(reason: DropReason, bytes: number): void {
    counts.dropped += 1
    listeners.emit({ type: 'write-dropped', store: name, reason, bytes })
  }

  async function shut(): Promise<void> {
    closed = true
    health.stop()
    const until = clock.monotonic() + longDeadlineMs
    catchUp.stop()
    if (queue.items > 0 && (await catchUp.last(() => hear(isAway() ? writeDeadlineMs : longDeadlineMs)))) {
      if (isAway() && (await queue.probe())) {
        health.reads.reset()
        health.writes.reset()
      }
      if (!isAway()) {
        queue.pump()
        await withDeadline(queue.idle(), Math.max(0, until - clock.monotonic()), clock)
      }
    }
    queue.close()
    await calls.force({ operation: 'connection', ms: longDeadlineMs, work: () => store.close(), read: () => {} })
  }

  function size(): StoreSize | undefined {
    try {
      return store.size()
    } catch {
      return undefined
    }
  }

  return {
    name,
    limits: store.limits,
    synchronous,
    inMemory: store.inMemory === true,
    local: store.local ?? store.inMemory === true,
    sharing: store.sharing,
    get state() {
      return health.state
    },
    get(key) {
      const written = queue.peek(key)
      if (written) {
        counts.hits += 1
        return { kind: 'found', entry: written, waiting: true }
      }
      if (closed) return SKIPPED
      const work = (): Awaitable<Entry | undefined> => store.get(key)
      const read = (answer: Entry | undefined): GetOutcome => check(answer, key)
      return chain(calls.call({ operation: 'get', ms: deadlineMs, work, read, times: times.reads }), countGet)
    },
    set(entry, fence) {
      if (!closed) return synchronous ? write(calls.call, entry, fence) : queue.push(entry, fence)
      onDropped('closed', entryBytes(entry))
      return 'dropped'
    },
    delete: (key) => (closed ? 'failed' : removals.remove(key)),
    erase: async (prefix, finding) => (closed ? { ...SKIPPED, matched: 0, removed: 0 } : removals.erase(prefix, finding)),
    scan: async (prefix, finding) => (closed ? { ...SKIPPED, matched: 0 } : removals.scan(prefix, finding)),
    read: (keys) => (closed ? SKIPPED : removals.read(keys)),
    dropWaiting: removals.dropWaiting,
    readMany: (keys) => (closed ? SKIPPED : readMany(keys)),
    put: (entries, onLate) => (closed ? SKIPPED : put(entries, onLate)),
    attempt: async (operation, work, ms = deadlineMs) => (closed ? SKIPPED : calls.call({ operation, ms, work, read: (value) => value })),
    size,
    stats: () => ({
      ...counts,
      name,
      state: health.state,
      failures: { ...calls.failures },
      reads: times.reads.summary(),
      writes: times.writes.summary(),
      queued: { items: queue.items, bytes: queue.bytes },
      size: size(),
    }),
    flush: async () => void (await withDeadline(queue.idle(), longDeadlineMs, clock)),
    close() {
      closing ??= shut()
      return closing
    },
    listen: listeners.add,
  }
}

const ABSENT: GetOutcome = { kind: 'absent' }
const SKIPPED: { readonly kind: 'failed'; readonly reason: 'skipped' } = { kind: 'failed', reason: 'skipped' }
/** Never stored: no cache key has these parts. */
const PROBE_KEY = 'lc1.probe.probe'
const LONGEST_MS = 2 ** 31 - 1
/** Unanswered probes from which on they become rarer: some ten minutes of them. */
const MANY_PROBES = 600
