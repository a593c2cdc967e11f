/** Removing all keys under a prefix, or those whose entries are meant, from a store that may lie about it. */

import { isThenable } from '../lib/deadline.js'
import { createTurns } from '../lib/turn.js'
import type { Awaitable, Clock, StoreFailure } from '../ports.js'
import type { CallResult } from './calls.js'
import { createKeyPages } from './key-pages.js'
import { createChooser, type Finding, isIn, type Readable, STEPS_IN_ALL } from './scan.js'

export type EraseOutcome =
  /** `matched` entries were in the store and `removed` of them were still there to delete; writes that waited are not counted. */
  | { readonly kind: 'erased'; readonly matched: number; readonly removed: number }
  | {
      readonly kind: 'failed'
      /**
       * `unsupported`: the store cannot list its keys; `left`: entries older than the erasure were there after they were deleted;
       * `timeout` also where an earlier write that was never answered may yet land (it is deleted again when it does).
       */
      readonly reason: StoreFailure | 'unsupported' | 'left'
      /** Those removed, those that are left, and keys whose delete failed. */
      readonly matched: number
      readonly removed: number
    }

/** The store, each call under its deadline and breaker. */
export interface Erasable extends Readable {
  /** True if there was an entry. */
  remove(key: string): Awaitable<CallResult<boolean>>
}

export interface EraseOptions {
  readonly clock: Clock
  /** Entries stored later than this are none of its business, once everything listed at first was deleted. ms since the epoch */
  readonly startedAt: number
  /** Longest wait for one step. The whole has 30 times as long. In ms. */
  readonly longDeadlineMs: number
  /** Which entries are meant. @default every one, and nothing is read */
  readonly finding?: Finding | undefined
}

/** What became of one key: it was removed, nothing of age was there, its entry is left, or a call failed. */
type Fate = 'removed' | 'nothing' | 'left' | StoreFailure

/**
 * Lists and deletes page by page. Some backends skip keys when others are deleted meanwhile, some lists name what is no entry
 * (a lock), and keys come back with new entries: so it looks again until a look finds nothing more to remove, and only an
 * entry that is there after its deletion and is not newer than the erasure is one that could not be removed.
 */
export async function eraseKeys(prefix: string, store: Erasable, options: EraseOptions): Promise<EraseOutcome> {
  const { clock, startedAt, longDeadlineMs, finding } = options
  const until = clock.monotonic() + longDeadlineMs * STEPS_IN_ALL
  const turns = createTurns(clock)
  const chooser = finding && createChooser(store, finding, clock)
  let unsampled = finding ? SAMPLE : 0
  let removed = 0

  async function storedAt(key: string): Promise<CallResult<number | undefined>> {
    const read = await store.read([key])
    return read.kind === 'failed' ? read : { kind: 'done', value: read.value[0]?.storedAt }
  }

  /** Where all are meant, only the first few are looked at. */
  async function sample(keys: readonly string[]): Promise<void> {
    const chosen = unsampled > 0 ? await chooser?.choose(keys.slice(0, unsampled)) : undefined
    unsampled = chosen?.kind === 'failed' ? 0 : unsampled - (chosen?.value.length ?? 0)
  }

  async function meant(keys: readonly string[]): Promise<CallResult<readonly string[]>> {
    if (chooser && finding?.matches) return chooser.choose(keys)
    await sample(keys)
    return { kind: 'done', value: keys }
  }

  function removeFirst(key: string): Awaitable<Fate> {
    const result = store.remove(key)
    return isThenable(result) ? result.then(fateOf) : fateOf(result as CallResult<boolean>)
  }

  async function removeAgain(key: string): Promise<Fate> {
    const before = await storedAt(key)
    if (before.kind === 'done' && before.value !== undefined && before.value > startedAt) return 'nothing'
    // Also where no entry can be read: it may be one that only others can decrypt.
    const deleted = await store.remove(key)
    if (deleted.kind === 'failed') return deleted.reason
    if (!deleted.value && before.kind === 'done' && before.value === undefined) return 'nothing'
    const after = await storedAt(key)
    if (after.kind === 'failed') return after.reason
    if (after.value === undefined || after.value > startedAt) return fateOf(deleted)
    // The same was said of it when it was first deleted.
    if (deleted.value) removed = Math.max(0, removed - 1)
    return 'left'
  }

  /** Goes through the keys once. */
  async function look(removeOne: (key: string) => Awaitable<Fate>): Promise<Look> {
    const pages = createKeyPages(store.keys, prefix, longDeadlineMs / 10, clock)
    const seen = { keys: 0, removed: 0, bad: 0, reason: undefined as Look['reason'], over: false }

    function count(fate: Fate): void {
      if (fate === 'removed') {
        removed += 1
        seen.removed += 1
      } else if (fate !== 'nothing') {
        seen.bad += 1
        seen.reason ??= fate
        // Its breaker is open: there is no use in trying the others.
        if (fate === 'skipped') seen.over = true
      }
    }

    function checkTime(): void {
      if (clock.monotonic() <= until) return
      seen.over = true
      seen.reason ??= 'timeout'
    }

    async function removeAll(keys: readonly string[]): Promise<void> {
      let underWay: PromiseLike<void>[] = []
      for (const key of keys) {
        if (seen.over) break
        const fate = removeOne(key)
        if (isThenable(fate)) underWay.push(fate.then(count))
        else count(fate as Fate)
        if (underWay.length >= AT_ONCE) {
          await Promise.all(underWay)
          underWay = []
        }
        const turn = turns()
        if (turn) await turn
        checkTime()
      }
      await Promise.all(underWay)
    }

    try {
      while (!seen.over) {
        const page = await store.page(pages.next)
        if (page.kind === 'failed') {
          seen.over = true
          seen.reason ??= page.reason
          break
        }
        const keys = await meant(page.value.keys.filter((key) => isIn(prefix, key)))
        if (keys.kind === 'failed') {
          seen.over = true
          seen.reason ??= keys.reason
          break
        }
        seen.keys += keys.value.length
        await removeAll(keys.value)
        if (page.value.last || finding?.over?.()) break
        checkTime()
      }
    } finally {
      pages.close()
    }
    return seen
  }

  for (let looks = 1; ; looks++) {
    const seen = await look(looks === 1 ? removeFirst : removeAgain)
    // What failed at the first look gets its second chance, unless nothing works any more.
    const failed = seen.reason !== undefined && (seen.over || looks > 1)
    const reason = failed ? seen.reason : looks >= MOST_LOOKS ? 'left' : undefined
    if (reason !== undefined) return { kind: 'failed', reason, matched: removed + seen.bad, removed }
    if (seen.keys === 0 || finding?.over?.() || (looks > 1 && seen.removed === 0)) return { kind: 'erased', matched: removed, removed }
  }
}

interface Look {
  /** Keys listed that are meant. */
  readonly keys: number
  readonly removed: number
  /** Entries that are left and keys whose delete failed. */
  readonly bad: number
  /** The first thing that went wrong. */
  readonly reason: StoreFailure | 'left' | undefined
  /** It was broken off. */
  readonly over: boolean
}

function fateOf(deleted: CallResult<boolean>): Fate {
  if (deleted.kind === 'failed') return deleted.reason
  return deleted.value ? 'removed' : 'nothing'
}

const AT_ONCE = 16
/** A backend that pages by offset skips about half of what is left at each look. */
const MOST_LOOKS = 40
const SAMPLE = 10
