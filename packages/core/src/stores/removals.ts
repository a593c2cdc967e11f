/** Deleting and erasing from a guarded store: also what still waits to be written, is being written, or may land late. */

import { chain } from '../lib/deadline.js'
import type { Awaitable, CacheStore, Clock } from '../ports.js'
import type { Call, CallResult, Calls } from './calls.js'
import { type EraseOutcome, eraseKeys } from './erase.js'
import type { LateWrites } from './late-writes.js'
import type { WriteBehind } from './write-behind.js'

export type DeleteOutcome = 'deleted' | 'absent' | 'failed'

export interface RemovalsOptions {
  readonly store: CacheStore
  readonly calls: Calls
  readonly queue: WriteBehind
  readonly lateWrites: LateWrites
  readonly clock: Pick<Clock, 'monotonic'>
  readonly deadlineMs: number
  readonly longDeadlineMs: number
}

export interface Removals {
  remove(key: string): Awaitable<DeleteOutcome>
  erase(prefix: string): Promise<EraseOutcome>
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
    return result.kind === 'done' ? { kind: 'erased', matched: entries, removed: entries } : { ...result, removed: 0 }
  }

  async function eraseHeld(prefix: string): Promise<EraseOutcome> {
    if (typeof store.keys !== 'function') return prefix === '' ? clear() : { kind: 'failed', reason: 'unsupported', removed: 0 }
    return eraseKeys((under) => store.keys?.(under) ?? [], prefix, {
      list(work) {
        const until = clock.monotonic() + longDeadlineMs
        const isOver = (): boolean => clock.monotonic() > until
        return calls.call({ operation: 'keys', ms: longDeadlineMs, work: () => work(isOver), read: (keys) => keys })
      },
      remove: (key) => calls.call(removal(key)),
    })
  }

  async function erase(prefix: string): Promise<EraseOutcome> {
    const covers = (key: string): boolean => key.startsWith(prefix)
    const hold = queue.hold(covers)
    try {
      await hold.settled
      const mayLand = lateWrites.revoke(covers)
      const outcome = await eraseHeld(prefix)
      return outcome.kind === 'erased' && mayLand ? { kind: 'failed', reason: 'timeout', removed: outcome.removed } : outcome
    } finally {
      hold.release()
    }
  }

  return { remove, erase, again: (key) => calls.force(removal(key)) }
}
