/** What falls with what was removed: answers that were made from it, and what was begun before it was removed. */

import type { BusMessage } from '../../sharing.js'
import type { Removal } from '../hearing.js'
import type { Finding } from '../scan.js'
import type { Epochs } from './epochs.js'
import { partitionOf } from './guards.js'
import type { MarkFailure } from './mark-writer.js'

/** What removes keys, as opposed to what retires by guards. */
export type RemovalMessage = Extract<BusMessage, { kind: 'deleted' | 'erased' | 'scanned' }>

export interface Falling {
  /** Hears of the same entries as the one that was given, and the cascade too. */
  readonly finding: Finding | undefined
  /** Everything was removed: raises the marks. For each store, why it does not have them. */
  end(): Promise<readonly (MarkFailure | undefined)[]>
}

export interface Cascade {
  /** Something is about to be removed from the stores. */
  begin(message: RemovalMessage, finding: Finding | undefined): Falling
  /** Another process has removed something. */
  heard(removal: Removal): void
}

export function createCascade(epochs: Epochs): Cascade {
  const { guards } = epochs

  function guardsOfPrefix(prefix: string): readonly string[] {
    if (prefix === '') return [guards.of('all', '')]
    return PARTITION_PREFIX.test(prefix) ? [guards.of('partition', partitionOf(prefix))] : []
  }

  return {
    begin(message, finding) {
      if (finding?.matches) {
        const ids = new Set<string>()
        return {
          finding: {
            ...finding,
            found(entry) {
              finding.found(entry)
              if (ids.size < MAX_IDS) ids.add(entry.id)
            },
          },
          end() {
            // Of more than can be named everything under the prefix may have been made.
            if (ids.size >= MAX_IDS) return epochs.retire(message.kind === 'deleted' ? [] : guardsOfPrefix(message.prefix), true)
            return epochs.retire(
              [...ids].map((id) => guards.of('dependency', id)),
              true,
            )
          },
        }
      }
      const removed = message.kind === 'deleted' ? [guards.of('key', message.key)] : guardsOfPrefix(message.prefix)
      // The other processes hear of the removal itself.
      return { finding, end: () => epochs.retire(removed, false) }
    },
    heard(removal) {
      if ('keys' in removal) epochs.hear([...removal.keys].map((key) => guards.of('key', key)))
      else if (!removal.meant) epochs.hear(guardsOfPrefix(removal.prefix))
    },
  }
}

const PARTITION_PREFIX = /^lc1\.[\w-]+\.$/
/** Removed entries of which one removal knows the ids. */
const MAX_IDS = 100_000
