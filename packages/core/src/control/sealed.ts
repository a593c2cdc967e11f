/** Texts of the cache's own that leave the process: in a frame, and encrypted where entries are. */

import { fromBase64, toBase64 } from '#platform'
import type { Entry } from '../entry/entry.js'
import { isThenable } from '../lib/deadline.js'
import type { Awaitable, EntryCodec } from '../ports.js'

export interface SealedTexts {
  /** `text`, for whoever opens it under the same key. Rejects with what the codec throws. */
  seal(key: string, text: string): Promise<string>
  /** What was sealed; undefined where it was not, for another key, or with keys that are not ours. Never throws or rejects. */
  open(key: string, sealed: string): Awaitable<string | undefined>
}

export function createSealedTexts(codec: EntryCodec): SealedTexts {
  return {
    seal: async (key, text) => toBase64(await codec.encode(recordOf(key, text, { storedAt: 0, staleAt: 0, deleteAt: 0 }))),
    open(key, sealed) {
      try {
        const entry = codec.decode(fromBase64(sealed), key)
        return isThenable(entry) ? Promise.resolve(entry).then(textOf, () => undefined) : textOf(entry)
      } catch {
        return undefined
      }
    },
  }
}

/** An entry that holds `text` and answers no request: its key is none that a request can have. */
export function recordOf(key: string, text: string, times: Pick<Entry, 'storedAt' | 'staleAt' | 'deleteAt'>): Entry {
  return {
    id: 'control',
    key,
    ...times,
    status: 200,
    headers: [],
    body: encoder.encode(text),
    chunks: undefined,
    meta: { provider: 'control', model: undefined, route: undefined, usage: undefined, originMs: 0, tags: [] },
  }
}

export function textOf({ body }: Entry): string {
  return decoder.decode(body)
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
