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
  /** How long it is fresh at a time, in ms, where hits prolong that: `staleAt` moves on. Left out where they do not. */
  readonly ttlMs?: number
  /** What the answer was made from, as the app named it: documents, templates, ids of other answers. */
  readonly dependsOn?: readonly string[]
  /** The model as the answer itself names it, where it does: the snapshot behind an alias. */
  readonly snapshot?: string
  /** It calls tools: a route sends it only as far as its own `toolCalls` says. */
  readonly callsTools?: true
  /**
   * When the origin was asked, before anything of the answer was known: a stamp of the process (stores/epochs/stamp.ts), in ms since
   * the epoch with a fraction. Whatever is invalidated by tag or dependency after that retires this entry. Missing in entries of older
   * versions.
   */
  readonly startedAt?: number
  /** Random id of the process that asked. */
  readonly by?: string
  /** Marks of this entry's guards that its process knew when it began, where they are so recent that the times alone do not tell. */
  readonly knows?: readonly KnownMark[]
  /** Recent rounds of marks (stores/epochs/marks.ts) that its process had heard of when it began, whatever they were about. */
  readonly rounds?: readonly string[]
  /** Guards of the answers that this one was made from: what retires them retires it. */
  readonly inherits?: readonly InheritedGuard[]
  /** What was asked, where answers are found by meaning. Private. */
  readonly prompt?: EntryPrompt
}

/** By what an entry is found for another prompt. */
export interface EntryPrompt {
  readonly text: string
  /** Everything of the request but this text (fingerprint/namespace.ts). */
  readonly namespace: string
  /** Whose traffic is learnt from together. */
  readonly domain: string
  /** Digest of who asked, where the partition is not that user's own; 'curated' where the app itself gave the answer. */
  readonly owner?: string
}

/** A guard (stores/epochs/guards.ts) with the stamp of its latest mark. */
export type KnownMark = readonly [guard: string, at: number]

/** A guard, when the answer that it comes from was begun, and the stamp of the latest mark that was known then, 0 for none. */
export type InheritedGuard = readonly [guard: string, since: number, knows: number]

/**
 * What `entry` takes in memory, in bytes, and what all bounds count: its body, its texts, and constants for the objects that hold
 * them and for its place in a store. An estimate from the entry's shape alone; `npm run bench -- memory` holds it against the heap.
 */
export function entryBytes(entry: Entry): number {
  const { body, key, headers, chunks, meta } = entry
  let total = LEAST_ENTRY_BYTES + body.byteLength + key.length
  for (const [name, value] of headers) total += HEADER_BYTES + name.length + value.length
  if (chunks) total += chunks.length * CHUNK_MARK_BYTES
  for (const tag of meta.tags) total += TAG_BYTES + tag.length * BYTES_PER_UNIT
  for (const id of meta.dependsOn ?? []) total += TAG_BYTES + id.length * BYTES_PER_UNIT
  total += GUARD_BYTES * ((meta.knows?.length ?? 0) + (meta.inherits?.length ?? 0) + (meta.rounds?.length ?? 0))
  if (meta.snapshot !== undefined) total += meta.snapshot.length * BYTES_PER_UNIT
  if (meta.prompt) total += PROMPT_BYTES + meta.prompt.text.length * BYTES_PER_UNIT
  if (meta.model !== undefined) total += meta.model.length * BYTES_PER_UNIT
  if (meta.route !== undefined) total += meta.route.length * BYTES_PER_UNIT
  return total
}

/**
 * No entry counts less: its objects, times, meta and texts, its place in a store, and what a whole cache keeps beside each entry, so
 * that a cache of small answers stays within its bound. Rounded up from what `npm run bench -- memory` measures.
 */
export const LEAST_ENTRY_BYTES: number = 1350

// A pair of strings takes an array of two, two string heads, and what rounding adds.
const HEADER_BYTES = 116
const CHUNK_MARK_BYTES = 76
const TAG_BYTES = 32
// An array of a text of 22 characters and one or two numbers that are no small integers.
const GUARD_BYTES = 110
// Its object, namespace, domain and owner.
const PROMPT_BYTES = 300
// Texts of callers may be beyond Latin-1, header fields and keys are not.
const BYTES_PER_UNIT = 2
