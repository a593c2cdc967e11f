/** The ports of the semantic layer. Every implementation passes the port's contract suite in `testing/`; all may throw or reject. */

import type { Usage } from '../events.js'
import type { Awaitable } from '../ports.js'

/** Text to vectors. Vectors of two embedders are never compared: `id` is part of every namespace. */
export interface Embedder {
  /** Model, version and dimensions, 1 to 100 of `A-Za-z0-9:._/-`: 'hash:1:1024', 'openai:text-embedding-3-small:1536'. Changes whenever vectors do. */
  readonly id: string
  /** Length of every vector, where it is known beforehand. */
  readonly dimensions?: number | undefined
  /** Most texts of one call. @default 64 */
  readonly maxBatch?: number | undefined
  /** True where a vector costs less than a millisecond and nothing else: it is computed anew rather than kept. @default false */
  readonly cheap?: boolean | undefined
  /** How its cosines are to be read. @default a median of 0.65 and a scale of 0.2, about those of sentence models */
  readonly calibration?: Calibration | undefined
  /**
   * One vector a text, in their order, of any length but zero.
   *
   * @param signal aborted when nobody waits any more
   * @param onUsage for embedders that a provider bills: told of each reply, so that it is counted against what the semantic layer saves.
   *   Never throws
   */
  embed(texts: readonly string[], signal?: AbortSignal, onUsage?: (usage: ModelUsage) => void): Awaitable<readonly ArrayLike<number>[]>
  /** Frees what it opened. Idempotent. */
  close?(): Awaitable<void>
}

/** The scale of an embedder's cosines: of each text's nearest neighbour among a few thousand short questions. */
export interface Calibration {
  /** Median of these cosines. */
  readonly median: number
  /** Half the distance between their 10th and 90th percentiles, above 0. */
  readonly scale: number
  /** Cosine from which on the policy `static` serves, where no threshold is given. */
  readonly threshold?: number | undefined
}

export interface VectorItem {
  /** The cache key of the entry that this vector leads to: at most 200 of `A-Za-z0-9._-`. */
  readonly id: string
  /** Of length 1. */
  readonly vector: Float32Array
  /** ms since the epoch; from then on no search finds it. */
  readonly deleteAt: number
}

export interface VectorMatch {
  readonly id: string
  /** Cosine, -1 to 1. */
  readonly similarity: number
}

export interface VectorQuery {
  /** Most matches, 1 to 1000. */
  readonly k: number
  /** Cosine that a match has at least. @default -1 */
  readonly minSimilarity?: number | undefined
  /** No approximation. @default false */
  readonly exact?: boolean | undefined
}

/**
 * Nearest vectors within one namespace. A namespace is at most 200 of `A-Za-z0-9._-`, begins with `lc<version>.<partition>.`, and holds
 * vectors of one dimension. Nothing of one namespace is ever found in another.
 */
export interface VectorIndex {
  /** Short, stable label: 'memory', 'redis', 'pgvector'. */
  readonly name: string
  /** True where every call answers at once. @default false */
  readonly synchronous?: boolean | undefined
  /** True where other processes find what this one adds. @default false */
  readonly shared?: boolean | undefined
  /** Adds items, or replaces those of the same id. @throws VectorError where the namespace holds vectors of another dimension */
  add(namespace: string, items: readonly VectorItem[]): Awaitable<void>
  /** The nearest, best first. */
  search(namespace: string, vector: Float32Array, query: VectorQuery): Awaitable<readonly VectorMatch[]>
  /** Removes items; ids that are not there do not matter. */
  remove(namespace: string, ids: readonly string[]): Awaitable<void>
  /** Removes every namespace whose name begins with `prefix` (all for ''), and nothing else. */
  clear(prefix: string): Awaitable<void>
  /** Vectors held, where that can be known cheaply. */
  size(): Awaitable<number | undefined>
  /** Frees what it opened itself. Idempotent. */
  close(): Awaitable<void>
}

/** Two prompts of one namespace and the answers that the model gave to them. Private: nothing of it may be logged. */
export interface Judgement {
  readonly prompts: readonly [string, string]
  readonly answers: readonly [AnswerText, AnswerText]
  /** Aborted when the verdict comes too late. */
  readonly signal?: AbortSignal | undefined
  /** For judges that a provider bills: told of each reply, so that it is counted against what the semantic layer saves. Never throws. */
  readonly onUsage?: ((usage: ModelUsage) => void) | undefined
}

/** What one call of a judge or of an embedder was billed for. */
export interface ModelUsage {
  readonly usage: Usage
  /** As the provider names it, else as asked for. */
  readonly model: string
  /** 'openai', 'anthropic' or another name that a price list knows. */
  readonly provider: string
}

/** What an answer says, without its protocol. */
export interface AnswerText {
  /** The text of all of its choices and parts. */
  readonly text: string
  /** The text as JSON, where it is an object or an array. */
  readonly json?: unknown
}

/** Says whether either answer would have done for both prompts. */
export interface Judge {
  /** Short, stable label: 'equal', 'structure', 'embedding', 'llm'. */
  readonly name: string
  /** Undefined: cannot tell; the next judge is asked, and where none can tell there is no label. */
  judge(judgement: Judgement): Awaitable<'same' | 'different' | undefined>
}
