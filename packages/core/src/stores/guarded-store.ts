/** What a guarded store is to the tiers: its calls, their outcomes, its numbers. */

import type { Entry } from '../entry/entry.js'
import type { Awaitable, StoreEvent, StoreFailure, StoreLimits, StoreOperation, StoreSize, StoreState } from '../ports.js'
import type { Fence, Sharing } from '../sharing.js'
import type { CallResult } from './calls.js'
import type { EraseOutcome } from './erase.js'
import type { LatencySummary } from './latency.js'
import type { DeleteOutcome } from './removals.js'
import type { Finding, ScanOutcome } from './scan.js'

export type GetOutcome =
  /** `waiting`: it is still to be written. */
  | { readonly kind: 'found'; readonly entry: Entry; readonly waiting?: true }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly reason: StoreFailure }
/** `dropped`: given up before the store saw it; a newer write or delete of the key, an erasure, a full queue, its time over, the end. */
export type SetOutcome = 'stored' | 'refused' | 'failed' | 'dropped'
export type AttemptOutcome<T> = CallResult<T>
export type { DeleteOutcome, EraseOutcome, Finding, ScanOutcome }

/** A `CacheStore` whose methods neither throw nor reject, and answer in time. Answers of a synchronous store come synchronously. */
export interface GuardedStore {
  readonly name: string
  readonly limits: StoreLimits
  readonly synchronous: boolean
  readonly inMemory: boolean
  readonly local: boolean
  readonly sharing: Sharing | undefined
  readonly state: StoreState
  /** Sees writes that still wait or are under way. */
  get(key: string): Awaitable<GetOutcome>
  /**
   * A synchronous store is written at once, others through the write-behind queue; the answer says what became of it. A write
   * that `failed` because it was not answered in time may have been carried out all the same.
   */
  set(entry: Entry, fence?: Fence): Awaitable<SetOutcome>
  /**
   * Takes the key's waiting write out as well, and comes after one under way. `failed` also while an earlier write, given up as
   * too late, may yet land; when it does it is deleted again.
   */
  delete(key: string): Awaitable<DeleteOutcome>
  /**
   * Removes every key that begins with `prefix`, waiting writes and those under way included, and looks again whether any is
   * left. Writes that come meanwhile wait, or are written and perhaps removed too where the store is synchronous. '' clears a
   * store that cannot list its keys. The event loop gets its turns. With a `finding` that `matches`, only what is meant by it.
   */
  erase(prefix: string, finding?: Finding): Promise<EraseOutcome>
  /** Counts the entries under `prefix` that `finding` means, and changes nothing. Writes that wait are not seen. */
  scan(prefix: string, finding: Finding): Promise<ScanOutcome>
  /** The entry under each of `keys`, undefined where there is none that can be read: no use of them, as `get` is. */
  read(keys: readonly string[]): Awaitable<AttemptOutcome<readonly (Entry | undefined)[]>>
  /**
   * For what another process has erased: drops the writes that wait under keys that begin with `prefix`, and revokes those under
   * way, which then answer 'dropped' and are deleted again when they land. What the store holds stays. Answers how many waited.
   */
  dropWaiting(prefix: string, matches?: (entry: Entry) => boolean): number
  /**
   * `work` under the same deadline and breakers: for what processes do together through the store. 'flight' is for what may write:
   * it counts as a write, and is `skipped` also while the store does not answer reads.
   */
  attempt<T>(operation: StoreOperation, work: () => Promise<T>, ms?: number): Promise<AttemptOutcome<T>>
  /** Reads many at once, as they are in the store: what waits to be written is not seen, and nothing is counted. */
  readMany(keys: readonly string[]): Awaitable<CallResult<readonly (Entry | undefined)[]>>
  /**
   * Writes now or not at all: past the queue, and not while the store does not work. Whether all were stored.
   *
   * @param onLate called where they were written after all, after the answer that they were not in time
   */
  put(entries: readonly Entry[], onLate?: () => void): Awaitable<CallResult<boolean>>
  size(): StoreSize | undefined
  stats(): TierStats
  /** Waits for the writes that wait, at most the long deadline. */
  flush(): Promise<void>
  /**
   * Flushes, then closes the store. Idempotent. Where the store does not work one last write is tried, after `catchUp`; if that
   * fails the rest is dropped at once. Afterwards calls answer `skipped`, writes `dropped`.
   */
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
