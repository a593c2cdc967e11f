/** Entries for tests. */

import type { Entry } from '../entry/entry.js'
import type { Clock } from '../ports.js'

export type SampleEntryFields = Partial<Entry> & {
  /** From storedAt to deleteAt, in ms; half of it fresh. @default 600_000 */
  readonly lifetimeMs?: number
}

/** A plain JSON answer stored now, with `fields` in place of its own. */
export function sampleEntry(clock: Pick<Clock, 'now'>, fields: SampleEntryFields): Entry {
  const { lifetimeMs = 600_000, ...rest } = fields
  const storedAt = clock.now()
  return {
    id: 'AAECAwQFBgcICQoLDA0ODw',
    key: 'lc1.partition.request',
    storedAt,
    staleAt: storedAt + lifetimeMs / 2,
    deleteAt: storedAt + lifetimeMs,
    status: 200,
    headers: [['content-type', 'application/json']],
    body: new TextEncoder().encode('{"choices":[{"message":{"content":"42"}}]}'),
    chunks: undefined,
    meta: { provider: 'openai-chat', model: 'gpt-5', route: '/chat', usage: undefined, originMs: 800, tags: [] },
    ...rest,
  }
}
