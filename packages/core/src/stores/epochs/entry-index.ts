/** Where answers are, by their public id: to find them again, and to know what else falls with them. */

import { LRUCache } from 'lru-cache'
import type { Entry, InheritedGuard } from '../../entry/entry.js'
import { atMost } from '../../lib/at-most.js'
import { isThenable } from '../../lib/deadline.js'
import type { Awaitable, Clock, StoreFailure } from '../../ports.js'
import type { GuardedStore } from '../guarded-store.js'
import { type Guards, sinceOf } from './guards.js'
import { createPlaces } from './places.js'
import { INDEX_PREFIX, recordEntry } from './record-entry.js'

/** What is known of an answer. */
export interface Located {
  /** The cache key that it was stored under; another answer may have taken its place. */
  readonly key: string
  /** What an answer that is made from it takes over. */
  readonly guards: readonly InheritedGuard[]
}

/** A store that might have it did not answer. */
export interface Unanswered {
  /** For each of the stores, why it did not. */
  readonly failures: readonly (StoreFailure | undefined)[]
}

export type Finding = Located | 'absent' | Unanswered

export interface EntryIndex {
  find(id: string): Awaitable<Finding>
  /** As `find`, for all of `ids` with one read of each store. */
  findAll(ids: readonly string[]): Awaitable<readonly Finding[]>
  /** `entry` is being stored. */
  note(entry: Entry): void
  /** What the stores are to hold of it besides. */
  recordOf(entry: Entry): Entry
}

/** An entry without its body, which the index must not keep alive. */
type Noted = Pick<Entry, 'id' | 'key' | 'storedAt' | 'deleteAt' | 'meta'>

export interface EntryIndexOptions {
  /** The stores outside this process's memory. */
  readonly stores: readonly GuardedStore[]
  /** This process's memory. */
  readonly memories: readonly GuardedStore[]
  readonly guards: Guards
  readonly clock: Pick<Clock, 'now'>
  /** Answers that are known whether or not they are still held. @default 10,000 */
  readonly max?: number | undefined
}

export function createEntryIndex({ stores, memories, guards, clock, max = MAX_NOTED }: EntryIndexOptions): EntryIndex {
  const places = createPlaces(held)
  const noted = new LRUCache<string, Noted>({
    ...atMost(max),
    // Other stores have a record of it.
    dispose: ({ id, key }, _id, reason) => reason === 'evict' && stores.length === 0 && places.add(id, key),
  })

  function held(key: string): Entry | undefined {
    for (const memory of memories) {
      const outcome = memory.read([key])
      const entry = isThenable(outcome) || outcome.kind === 'failed' ? undefined : outcome.value[0]
      if (entry) return entry
    }
    return undefined
  }

  function handedOn(entry: Noted): readonly InheritedGuard[] {
    const own: InheritedGuard = [guards.of('dependency', entry.id), sinceOf(entry), 0]
    return [own, ...guards.entry(entry).map(({ guard, since, knows }): InheritedGuard => [guard, since, knows])]
  }

  function findHere(id: string): Located | undefined {
    const entry = noted.get(id) ?? places.find(id)
    return entry && entry.deleteAt > clock.now() ? { key: entry.key, guards: handedOn(entry) } : undefined
  }

  async function findThere(ids: readonly string[]): Promise<readonly Finding[]> {
    const answers = await Promise.all(stores.map((store) => store.readMany(ids.map((id) => INDEX_PREFIX + id))))
    return ids.map((_id, index) => {
      for (const answer of answers) {
        const located = answer.kind === 'done' ? parseRecord(answer.value[index]) : undefined
        if (located) return located
      }
      const failures = answers.map((answer) => (answer.kind === 'failed' ? answer.reason : undefined))
      return failures.some((failure) => failure !== undefined) ? { failures } : 'absent'
    })
  }

  function findAll(ids: readonly string[]): Awaitable<readonly Finding[]> {
    const here = ids.map(findHere)
    const missing = ids.filter((_id, index) => here[index] === undefined)
    if (missing.length === 0 || stores.length === 0) return here.map((located) => located ?? 'absent')
    return findThere(missing).then((found) => {
      const there = new Map(missing.map((id, index) => [id, found[index]]))
      return ids.map((id, index) => here[index] ?? there.get(id) ?? 'absent')
    })
  }

  return {
    find(id) {
      const found = findAll([id])
      return isThenable(found) ? found.then(([one]) => one ?? 'absent') : (found[0] ?? 'absent')
    },
    findAll,
    note({ id, key, storedAt, deleteAt, meta }) {
      noted.set(id, { id, key, storedAt, deleteAt, meta })
    },
    recordOf(entry) {
      const { id, key, deleteAt } = entry
      const now = clock.now()
      const record = recordEntry(INDEX_PREFIX + id, id, { inherits: handedOn(entry) }, { now, lifetimeMs: deleteAt - now })
      return { ...record, headers: [[KEY_FIELD, key]] }
    },
  }
}

/** True for a text that may be the id of an answer: 128 bits in base64url. */
export function isEntryId(text: string): boolean {
  return /^[\w-]{22}$/.test(text)
}

function parseRecord(record: Entry | undefined): Located | undefined {
  const [name, key] = record?.headers[0] ?? []
  return record && name === KEY_FIELD && key !== undefined ? { key, guards: record.meta.inherits ?? [] } : undefined
}

const KEY_FIELD = 'key'
const MAX_NOTED = 10_000
