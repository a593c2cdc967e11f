/** What an answer that is about to be stored takes over from the answers that it was made from. */

import type { Entry, InheritedGuard } from '../../entry/entry.js'
import { isThenable } from '../../lib/deadline.js'
import type { Awaitable } from '../../ports.js'
import { type EntryIndex, type Finding, isEntryId } from './entry-index.js'

/** `unknown`: a store did not say what it depends on. `too-many`: more guards than an entry may have. */
export type Descended = Entry | 'unknown' | 'too-many'

/**
 * `entry` with the guards of the answers in its `dependsOn`: those fall with what their answers were made from. At once, unless an id
 * has to be looked up in a store.
 */
export function descend(entry: Entry, index: EntryIndex): Awaitable<Descended> {
  const ids = (entry.meta.dependsOn ?? []).filter((id) => isEntryId(id) && id !== entry.id)
  if (entry.meta.tags.length + (entry.meta.dependsOn?.length ?? 0) > MAX_GUARDS) return 'too-many'
  // What is written once more has taken over already what there was to take over when it was made.
  if (ids.length === 0 || entry.meta.by !== undefined) return entry
  const found = index.findAll(ids)
  return isThenable(found) ? found.then((all) => inherit(entry, all)) : inherit(entry, found)
}

function inherit(entry: Entry, found: readonly Finding[]): Descended {
  const merged = new Map<string, InheritedGuard>()
  for (const finding of found) {
    if (finding === 'absent') continue
    if ('failures' in finding) return 'unknown'
    for (const [guard, since, knows] of finding.guards) {
      // As old as the older of the two, and knowing what both knew.
      const [, otherSince, otherKnows] = merged.get(guard) ?? [guard, since, knows]
      merged.set(guard, [guard, Math.min(since, otherSince), Math.min(knows, otherKnows)])
    }
  }
  if (merged.size > MAX_GUARDS) return 'too-many'
  return merged.size === 0 ? entry : { ...entry, meta: { ...entry.meta, inherits: [...merged.values()] } }
}

/** Tags and dependencies of an entry, and guards that it takes over: each of the two at the most. */
const MAX_GUARDS = 1000
