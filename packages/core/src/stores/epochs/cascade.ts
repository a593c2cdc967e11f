/** What falls with what was removed: answers that were made from it, and what was begun before it was removed. */

import type { BusMessage } from '../../sharing.js'
import type { Finding } from '../scan.js'
import type { Epochs } from './epochs.js'
import { type Guards, partitionOf } from './guards.js'
import type { MarkFailure } from './mark-writer.js'

/** What removes keys, as opposed to what retires by guards. */
export type RemovalMessage = Extract<BusMessage, { kind: 'deleted' | 'erased' | 'scanned' }>

export interface Falling {
  /** Hears of the same entries as the one that was given, and the cascade too. */
  readonly finding: Finding | undefined
  /** Everything was removed. For each store, why it does not have the marks. */
  end(): Promise<readonly (MarkFailure | undefined)[]>
}

/**
 * Something is about to be removed from the stores. Where it is known by a guard, that is marked before: what begins from then on is no
 * business of the removal.
 */
export async function beginFalling(epochs: Epochs, message: RemovalMessage, finding: Finding | undefined): Promise<Falling> {
  const { guards } = epochs
  if (!finding?.matches) {
    const removed = message.kind === 'deleted' ? [guards.of('key', message.key)] : guardsOfPrefix(guards, message.prefix)
    const failures = await epochs.retire(removed, true)
    return { finding, end: async () => failures }
  }
  const ids = new Set<string>()
  // Copies in memories of processes that nobody tells: as guards they are given to the stores a batch at a time.
  const keys = new Set<string>()
  return {
    finding: {
      ...finding,
      found(entry) {
        finding.found(entry)
        if (ids.size >= MAX_IDS) return
        ids.add(entry.id)
        if (epochs.unheard) keys.add(entry.key)
      },
    },
    end() {
      // Of more than can be named everything under the prefix may have been made.
      if (ids.size >= MAX_IDS && message.kind !== 'deleted') return epochs.retire(guardsOfPrefix(guards, message.prefix), true)
      const fallen = [...ids].map((id) => guards.of('dependency', id))
      for (const key of keys) fallen.push(guards.of('key', key))
      return epochs.retire(fallen, true)
    },
  }
}

function guardsOfPrefix(guards: Guards, prefix: string): readonly string[] {
  if (prefix === '') return [guards.of('all', '')]
  return PARTITION_PREFIX.test(prefix) ? [guards.of('partition', partitionOf(prefix))] : []
}

const PARTITION_PREFIX = /^lc1\.[\w-]+\.$/
/** Removed entries of which one removal knows the ids. */
const MAX_IDS = 100_000
