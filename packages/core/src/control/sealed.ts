/** Texts of the cache's own that leave the process: in a frame, and encrypted where entries are. */

import { fromBase64, toBase64 } from '#platform'
import { isThenable } from '../lib/deadline.js'
import type { Awaitable, EntryCodec } from '../ports.js'
import { recordOf, textOf } from '../stores/records.js'

export interface SealedTexts {
  /** `text`, for whoever opens it under the same key. Rejects with what the codec throws. */
  seal(key: string, text: string): Promise<string>
  /** What was sealed; undefined where it was not, for another key, or with keys that are not ours. Never throws or rejects. */
  open(key: string, sealed: string): Awaitable<string | undefined>
}

export function createSealedTexts(codec: EntryCodec): SealedTexts {
  return {
    seal: async (key, text) => toBase64(await codec.encode(recordOf(key, text, 0, 0))),
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
