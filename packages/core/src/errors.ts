/** Typed errors. Each has a stable `code`, keeps its `cause`, and says what to do next. None carries a prompt, answer or key. */

export type LlmCacheErrorCode =
  | 'ERR_OPTION_UNKNOWN'
  | 'ERR_OPTION_INVALID'
  | 'ERR_FRAME'
  | 'ERR_PEER_MISSING'
  | 'ERR_INVALIDATION'
  | 'ERR_VECTOR'
  | 'ERR_VECTOR_INDEX'
  | 'ERR_EMBEDDER'

/** Base of every error that this library throws. */
export class LlmCacheError extends Error {
  override readonly name: string = 'LlmCacheError'
  readonly code: LlmCacheErrorCode

  constructor(code: LlmCacheErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A wrong option, thrown at construction; `option` is its path (`controls.maxTtl`). */
export class OptionError extends LlmCacheError {
  override readonly name: string = 'OptionError'
  readonly option: string

  constructor(code: 'ERR_OPTION_UNKNOWN' | 'ERR_OPTION_INVALID', option: string, message: string) {
    super(code, message)
    this.option = option
  }
}

export type FrameDamage =
  | 'not-a-frame'
  | 'version'
  | 'truncated'
  | 'checksum'
  | 'foreign-key'
  | 'header'
  /** Decoded it would be larger than it says or than may be. */
  | 'too-large'
  /** The body's coding is not the one it claims, or cannot be decoded here. */
  | 'coding'
  /** Encrypted with a key that is not among ours, or changed since, or moved to another key. */
  | 'sealed'
  /** Not encrypted where everything is to be. */
  | 'unsealed'

/** Encoded bytes that are not a frame of ours, are damaged, or belong to another key. Always treated as a miss. */
export class FrameError extends LlmCacheError {
  override readonly name: string = 'FrameError'
  readonly reason: FrameDamage

  constructor(reason: FrameError['reason'], message: string, options?: ErrorOptions) {
    super('ERR_FRAME', message, options)
    this.reason = reason
  }

  /**
   * True where another process may well be able to read the bytes, with another version, another key, a coding that is missing here
   * or a larger bound: they are a miss, and stay where they are.
   */
  get mayBeReadElsewhere(): boolean {
    return ELSEWHERE.has(this.reason)
  }
}

const ELSEWHERE: ReadonlySet<FrameDamage> = new Set<FrameDamage>(['version', 'too-large', 'coding', 'sealed', 'unsealed'])

/** An optional peer dependency that an option needs is not installed. The message says what to install. */
export class PeerMissingError extends LlmCacheError {
  override readonly name: string = 'PeerMissingError'
  /** Name of the package to install. */
  readonly peer: string

  constructor(peer: string, message: string, options?: ErrorOptions) {
    super('ERR_PEER_MISSING', message, options)
    this.peer = peer
  }
}

/** A vector that cannot be used: of another dimension than those beside it, of length zero, or with parts that are no finite numbers. */
export class VectorError extends LlmCacheError {
  override readonly name: string = 'VectorError'
  readonly reason: 'dimension' | 'zero' | 'not-finite'

  constructor(reason: VectorError['reason'], message: string) {
    super('ERR_VECTOR', message)
    this.reason = reason
  }
}

export type VectorIndexFault =
  /** Bytes that are no snapshot of an index, or not as they were written. */
  | 'damaged'
  /** Written by another version of this library: the bytes, or the table on the server. */
  | 'version'
  /** The server cannot do what is needed of it. The message says which one can. */
  | 'unsupported'
  /** The server did not answer in time. */
  | 'timeout'
  /** The server answered with an error; `cause` has it. */
  | 'failed'
  /** It was not even asked, since it failed too often of late. */
  | 'open'
  | 'closed'

/** A vector index that cannot do what was asked. Always a miss for the semantic layer, never for the app. */
export class VectorIndexError extends LlmCacheError {
  override readonly name: string = 'VectorIndexError'
  readonly reason: VectorIndexFault

  constructor(reason: VectorIndexFault, message: string, options?: ErrorOptions) {
    super('ERR_VECTOR_INDEX', message, options)
    this.reason = reason
  }
}

/**
 * - `timeout`, `failed`, `wrong-count`, `unusable`: it did not answer in time, threw, or answered with something that is not one vector a text.
 * - `open`: not even asked, since it failed too often of late.
 * - `busy`, `too-long`: not even asked, since too many texts wait for it, or since this one is longer than it is given.
 * - `aborted`: nobody waits any more, or it was closed.
 */
export type EmbedderFailure = 'timeout' | 'failed' | 'wrong-count' | 'unusable' | 'open' | 'busy' | 'too-long' | 'aborted'

/** An embedder that gave no usable vectors. Always a miss for the semantic layer, never for the app. */
export class EmbedderError extends LlmCacheError {
  override readonly name: string = 'EmbedderError'
  readonly reason: EmbedderFailure

  constructor(reason: EmbedderFailure, message: string, options?: ErrorOptions) {
    super('ERR_EMBEDDER', message, options)
    this.reason = reason
  }
}
