/** Deleting and erasing from a guarded store: also what still waits to be written, is being written, or may land late. */

import type { Entry } from '../entry/entry.js'
import { chain, isThenable } from '../lib/deadline.js'
import type { Awaitable, CacheStore, Clock } from '../ports.js'
import type { Call, CallResult, Calls } from './calls.js'
import { type Erasable, type EraseOutcome, eraseKeys } from './erase.js'
import type { LateWrites } from './late-writes.js'
import { type Finding, isIn, type ScanOutcome, scanKeys } from './scan.js'
import type { Covers, Hold, WriteBehind } from './write-behind.js'

export type DeleteOutcome = 'deleted' | 'absent' | 'failed'

export interface RemovalsOptions {
  readonly store: CacheStore
  readonly calls: Calls
  readonly queue: WriteBehind
  readonly lateWrites: LateWrites
  readonly clock: Clock
  readonly deadlineMs: number
  readonly longDeadlineMs: number
}

export interface Removals {
  remove(key: string): Awaitable<DeleteOutcome>
  erase(prefix: string, finding?: Finding): Promise<EraseOutcome>
  /** Counts what is meant under `prefix`; everything stays. */
  scan(prefix: string, finding: Finding): Promise<ScanOutcome>
  /** The entry under each key, as far as there is one that can be read. */
  read(keys: readonly string[]): Awaitable<CallResult<readonly (Entry | undefined)[]>>
  /** Drops what waits and undoes what is under way; what the store holds stays. How many waited. */
  dropWaiting(prefix: string, matches?: (entry: Entry) => boolean): number
  /** Deletes what landed late, whatever is thought of the store. */
  again(key: string): Awaitable<CallResult<boolean>>
}

export function createRemovals(options: RemovalsOptions): Removals {
  const { store, calls, queue, lateWrites, clock, deadlineMs, longDeadlineMs } = options

  function removal(key: string): Call<boolean, boolean> {
    return { operation: 'delete', ms: deadlineMs, work: () => store.delete(key), read: (removed) => removed === true }
  }

  function remove(key: string): Awaitable<DeleteOutcome> {
    const covers = (other: string): boolean => other === key
    const hold = queue.hold(covers)
    const carryOut = (): Awaitable<DeleteOutcome> => {
      const mayLand = lateWrites.revoke(covers)
      return chain(calls.call(removal(key)), (result) => {
        hold.release()
        if (result.kind === 'failed' || mayLand) return 'failed'
        return result.value || hold.dropped > 0 ? 'deleted' : 'absent'
      })
    }
    return hold.settled ? hold.settled.then(carryOut) : carryOut()
  }

  function held(): number {
    try {
      return store.size()?.entries ?? 0
    } catch {
      return 0
    }
  }

  async function clear(): Promise<EraseOutcome> {
    const entries = held()
    const result = await calls.call({ operation: 'clear', ms: longDeadlineMs, work: () => store.clear(), read: () => {} })
    return result.kind === 'done' ? { kind: 'erased', matched: entries, removed: entries } : { ...result, matched: entries, removed: 0 }
  }

  const erasable: Erasable = {
    keys: (prefix) => store.keys?.(prefix) ?? [],
    page: (work) => calls.call({ operation: 'keys', ms: longDeadlineMs, work, read: (page) => page }),
    remove: (key) => calls.call(removal(key)),
    read: (keys) =>
      calls.call({
        operation: 'get',
        ms: keys.length === 1 ? deadlineMs : Math.max(deadlineMs, longDeadlineMs / 10),
        work: () => withWaiting(keys),
        read: (entries) => keys.map((key, at) => (entries[at]?.key === key ? entries[at] : undefined)),
      }),
  }

  /** Writes that wait or are under way are what will be there. */
  function withWaiting(keys: readonly string[]): Awaitable<readonly (Entry | undefined)[]> {
    return chain(peekAll(keys) as Entry[] | Promise<Entry[]>, (entries) => keys.map((key, at) => queue.peek(key) ?? entries[at]))
  }

  function peekAll(keys: readonly string[]): Awaitable<readonly (Entry | undefined)[]> {
    if (store.getMany && !store.peek && keys.length > 1) return store.getMany(keys)
    const entries = keys.map((key) => (store.peek ? store.peek(key) : store.get(key)))
    return entries.some(isThenable) ? Promise.all(entries) : (entries as (Entry | undefined)[])
  }

  async function eraseHeld(prefix: string, startedAt: number, finding?: Finding): Promise<EraseOutcome> {
    if (typeof store.keys === 'function') return eraseKeys(prefix, erasable, { clock, startedAt, longDeadlineMs, finding })
    return prefix === '' && !finding?.matches ? clear() : { kind: 'failed', reason: 'unsupported', matched: 0, removed: 0 }
  }

  async function scan(prefix: string, finding: Finding): Promise<ScanOutcome> {
    if (typeof store.keys === 'function') return scanKeys(prefix, erasable, finding, { clock, longDeadlineMs })
    return { kind: 'failed', reason: 'unsupported', matched: 0 }
  }

  async function erase(prefix: string, finding?: Finding): Promise<EraseOutcome> {
    const startedAt = clock.now()
    const covers = coversOf(prefix, finding?.matches)
    const hold = queue.hold(covers)
    try {
      await hold.settled
      const mayLand = lateWrites.revoke(covers)
      const outcome = await eraseHeld(prefix, startedAt, finding)
      return outcome.kind === 'erased' && mayLand ? { ...outcome, kind: 'failed', reason: 'timeout' } : outcome
    } finally {
      hold.release()
    }
  }

  const again = (key: string): Awaitable<CallResult<boolean>> => calls.force(removal(key))

  /** Deletes what revoked writes wrote. Later writes of the same keys wait for it. */
  async function undo(revoked: Hold['revoked']): Promise<void> {
    const keys = new Set(revoked.map(({ key }) => key))
    const hold = queue.hold((key) => keys.has(key))
    try {
      await Promise.all(
        revoked.map(async ({ key, settled }) => {
          // What the store refused left somebody else's entry where it was.
          if ((await settled) === 'refused') return
          lateWrites.revoke((other) => other === key)
          await again(key)
        }),
      )
    } finally {
      hold.release()
    }
  }

  function dropWaiting(prefix: string, matches?: (entry: Entry) => boolean): number {
    const covers = coversOf(prefix, matches)
    const hold = queue.hold(covers)
    lateWrites.revoke(covers)
    if (hold.revoked.length > 0) void undo(hold.revoked)
    hold.release()
    return hold.dropped
  }

  return { remove, erase, scan, read: erasable.read, dropWaiting, again }
}

/** The records of answers outlive them: what is made from an answer later falls with it all the same. */
function coversOf(prefix: string, matches: ((entry: Entry) => boolean) | undefined): Covers {
  return (key, entry) => key.startsWith(prefix) && isIn(prefix, key) && (matches === undefined || matches(entry))
}
