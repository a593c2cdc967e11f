/** An entry: one stored answer. Times are absolute; the bytes are never changed after storing. */

import type { Usage } from '../events.js'
import type { HeaderPairs } from '../exchange.js'

export interface Entry {
  /** Public, random, 128 bits in base64url: `x-llm-cache-id`. Says nothing about key or content. */
  readonly id: string
  /** The cache key: `lc<version>.<partition digest>.<request digest>`, at most 200 characters of [A-Za-z0-9._-]. */
  readonly key: string
  /** ms since the epoch. storedAt <= staleAt <= deleteAt. */
  readonly storedAt: number
  readonly staleAt: number
  readonly deleteAt: number
  readonly status: number
  readonly headers: HeaderPairs
  /** As recorded, or encoded as `encoding` says. */
  readonly body: Uint8Array
  /** How `body` is encoded; left out where it is as recorded. */
  readonly encoding?: BodyEncoding
  /**
   * Chunk boundaries of a streamed answer, for paced replay: `[end offset in bytes of the
   * decoded body, ms since the first byte]` for each chunk. Undefined for answers that came in one piece.
   */
  readonly chunks: readonly ChunkMark[] | undefined
  readonly meta: EntryMeta
}

export interface BodyEncoding {
  /** Content coding as `Content-Encoding` names it (RFC 9110 section 8.4.1); `lz4` never goes over the wire. */
  readonly coding: BodyCoding
  /** Length of the decoded body in bytes. */
  readonly decodedBytes: number
}

export type BodyCoding = 'gzip' | 'br' | 'zstd' | 'lz4'

export type ChunkMark = readonly [end: number, ms: number]

export interface EntryMeta {
  /** Which provider's shape the request had: 'openai-chat', 'anthropic-messages', 'generic', ... */
  readonly provider: string
  /** The model's id as the request (or else the answer) names it. */
  readonly model: string | undefined
  /** Route pattern at the time of storing, for labels. */
  readonly route: string | undefined
  readonly usage: Usage | undefined
  /** What the origin took from request to last byte, in ms. */
  readonly originMs: number
  readonly tags: readonly string[]
}

/** Size that bounds count: body and headers, plus a constant for the object itself. In bytes. */
export function entryBytes(entry: Entry): number {
  let total = entry.body.byteLength + ENTRY_OVERHEAD + entry.key.length
  for (const [name, value] of entry.headers) total += name.length + value.length
  if (entry.chunks) total += entry.chunks.length * CHUNK_MARK_BYTES
  for (const tag of entry.meta.tags) total += tag.length * 2
  return total
}

const ENTRY_OVERHEAD = 512
const CHUNK_MARK_BYTES = 48
