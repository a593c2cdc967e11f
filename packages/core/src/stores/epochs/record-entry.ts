/** Tiny entries of the cache's own, beside the answers: marks and where answers are. */

import type { Entry, EntryMeta } from '../../entry/entry.js'
import { RECORD_PREFIX } from '../scan.js'

/** From when and how long, in ms. */
export interface Lived {
  readonly now: number
  readonly lifetimeMs: number
}

export function recordEntry(key: string, id: string, meta: Partial<EntryMeta>, { now, lifetimeMs }: Lived): Entry {
  const deleteAt = now + lifetimeMs
  return {
    id,
    key,
    storedAt: now,
    staleAt: deleteAt,
    deleteAt,
    status: 200,
    headers: [],
    body: new Uint8Array(0),
    chunks: undefined,
    meta: { provider: 'llm-cache', model: undefined, route: undefined, usage: undefined, originMs: 0, tags: [], ...meta },
  }
}

/** Keys of marks. */
export const MARK_PREFIX: string = `${RECORD_PREFIX}mark.`
/** Keys of the records of where answers are. */
export const INDEX_PREFIX: string = `${RECORD_PREFIX}answer.`
