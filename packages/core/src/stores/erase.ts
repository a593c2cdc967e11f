/** Removing all keys under a prefix from a store that may lie about it. */

import type { Awaitable, StoreFailure } from '../ports.js'
import type { CallResult } from './calls.js'

export type EraseOutcome =
  /** `matched` keys were found in the store and `removed` of them were still there to delete; writes that waited are not counted. */
  | { readonly kind: 'erased'; readonly matched: number; readonly removed: number }
  | {
      readonly kind: 'failed'
      /**
       * `unsupported`: the store cannot list its keys; `left`: keys were still there on a second look; `timeout` also where an
       * earlier write that was never answered may yet land (it is deleted again when it does).
       */
      readonly reason: StoreFailure | 'unsupported' | 'left'
      readonly removed: number
    }

export interface EraseCalls {
  /** Runs over keys of the store under one deadline; `isOver` says when nobody waits for it any more. */
  list(work: (isOver: () => boolean) => Promise<readonly string[]>): Awaitable<CallResult<readonly string[]>>
  /** True if the key was there. */
  remove(key: string): Awaitable<CallResult<boolean>>
}

/**
 * Lists and deletes in batches, so that what is held is bounded and no backend is asked to delete while it lists, until a look
 * finds nothing. A key that a later look finds again was not deleted, whatever the store said.
 */
export async function eraseKeys(
  keys: (prefix: string) => Iterable<string> | AsyncIterable<string>,
  prefix: string,
  calls: EraseCalls,
): Promise<EraseOutcome> {
  let matched = 0
  let removed = 0
  let before: ReadonlySet<string> = new Set()
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const listed = await calls.list((isOver) => firstKeys(keys(prefix), prefix, isOver))
    if (listed.kind === 'failed') return { kind: 'failed', reason: listed.reason, removed }
    if (listed.value.length === 0) return { kind: 'erased', matched, removed }
    if (listed.value.some((key) => before.has(key))) return { kind: 'failed', reason: 'left', removed }
    matched += listed.value.length
    before = new Set(listed.value)
    for (let at = 0; at < listed.value.length; at += AT_ONCE) {
      const results = await Promise.all(listed.value.slice(at, at + AT_ONCE).map((key) => calls.remove(key)))
      for (const result of results) if (result.kind === 'done' && result.value) removed += 1
      for (const result of results) if (result.kind === 'failed') return { kind: 'failed', reason: result.reason, removed }
    }
  }
  return { kind: 'failed', reason: 'left', removed }
}

/** The first `BATCH` keys under `prefix`; whatever else the store names is left alone. */
async function firstKeys(
  keys: Iterable<unknown> | AsyncIterable<unknown>,
  prefix: string,
  isOver: () => boolean,
): Promise<readonly string[]> {
  const found = new Set<string>()
  for await (const key of keys) {
    if (typeof key === 'string' && key.startsWith(prefix)) found.add(key)
    if (found.size >= BATCH || isOver()) break
  }
  return [...found]
}

const BATCH = 10_000
const AT_ONCE = 16
const MOST_LOOKS = 10_000
