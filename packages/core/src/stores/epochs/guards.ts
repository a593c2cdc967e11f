/** Guards: what an entry can be invalidated by, as digests, so that no store holds the text of a tag or a dependency in a key. */

import { LRUCache } from 'lru-cache'
import { sha256 } from '#platform'
import type { Entry } from '../../entry/entry.js'
import { atMost } from '../../lib/at-most.js'

/** `dependency` is everything an app names itself, ids of answers, `model:<as asked for>` and `snapshot:<as answered>`. */
export type GuardKind = 'tag' | 'dependency' | 'key' | 'partition' | 'all'

/** A guard of an entry: a mark on it that is not older than the entry retires it. */
export interface Guarded {
  readonly guard: string
  /** Stamp of when that was begun which the guard speaks of: the answer itself, or the answer that it was made from. */
  readonly since: number
  /** Stamp of the latest mark that was known then; 0 for none. */
  readonly knows: number
  /** The entry's own key: where processes tell each other of removed keys there is no need to look for its marks. */
  readonly isOwnKey: boolean
  /** It comes from an answer that this one was made from. */
  readonly isInherited: boolean
}

export interface Guards {
  /** 132 bits in base64url (22 characters). */
  of(kind: GuardKind, text: string): string
  /** All guards of `entry`; one that it also inherits comes twice, for stamps of two processes must not be weighed against each other. */
  entry(entry: Guardable): readonly Guarded[]
}

/** What the guards of an entry come from. */
export type Guardable = Pick<Entry, 'key' | 'storedAt' | 'meta'>

/** Guards are pure; what is remembered of them is bounded. */
export function createGuards(max: number = MAX_DIGESTS): Guards {
  const digests = new LRUCache<string, string>(atMost(max))
  const known = new WeakMap<Guardable, readonly Guarded[]>()

  function of(kind: GuardKind, text: string): string {
    const name = `${kind}\n${text}`
    let digest = digests.get(name)
    if (digest === undefined) {
      digest = sha256(`llm-cache guard\n${name}`).slice(0, DIGEST_LENGTH)
      digests.set(name, digest)
    }
    return digest
  }

  function gather(entry: Guardable): readonly Guarded[] {
    const { key, meta } = entry
    const since = sinceOf(entry)
    const marks = new Map(meta.knows)
    const found = new Map<string, Guarded>()
    const add = (guard: string, isOwnKey = false): void => {
      found.set(guard, { guard, since, knows: marks.get(guard) ?? 0, isOwnKey, isInherited: false })
    }
    add(of('all', ''))
    add(of('partition', partitionOf(key)))
    add(of('key', key), true)
    for (const tag of meta.tags) add(of('tag', tag))
    for (const id of meta.dependsOn ?? []) add(of('dependency', id))
    if (meta.model !== undefined) add(of('dependency', `model:${meta.model}`))
    if (meta.snapshot !== undefined) add(of('dependency', `snapshot:${meta.snapshot}`))
    const inherited = (meta.inherits ?? []).map(
      ([guard, earlier, knows]): Guarded => ({ guard, since: earlier, knows, isOwnKey: false, isInherited: true }),
    )
    return [...found.values(), ...inherited]
  }

  return {
    of,
    entry(entry) {
      let guards = known.get(entry)
      if (!guards) {
        guards = gather(entry)
        known.set(entry, guards)
      }
      return guards
    },
  }
}

/** When `entry` was begun; of older versions' entries as good as can be told. */
export function sinceOf({ meta, storedAt }: Omit<Guardable, 'key'>): number {
  return meta.startedAt ?? Math.max(0, storedAt - meta.originMs)
}

/** The digest of the partition in a cache key. */
export function partitionOf(key: string): string {
  return key.split('.')[1] ?? ''
}

const MAX_DIGESTS = 5000
const DIGEST_LENGTH = 22
