/** What both arms of `#platform` offer for bodies and frames. */

import type { BodyCoding } from '../entry/entry.js'
import type { Awaitable } from '../ports.js'

/** One content coding. Failures are thrown where the work is done at once, else they are rejections. */
export interface BodyCodec {
  /** Bodies of more bytes take too long here to be encoded. @default no limit */
  readonly maxBytes?: number
  /** @param inline at once, on this thread, where the runtime can */
  encode(bytes: Uint8Array, inline: boolean): Awaitable<Uint8Array>
  /**
   * @param maxBytes more than this is never made, whatever `bytes` claim
   * @throws RangeError when there would be more; any other error when `bytes` are not of this coding
   */
  decode(bytes: Uint8Array, maxBytes: number, inline: boolean): Awaitable<Uint8Array>
}

export type CodecSupport =
  | { readonly kind: 'ready'; readonly codec: BodyCodec }
  /** An optional package is not installed. */
  | { readonly kind: 'peer-missing'; readonly peer: string; readonly needs: string }
  /** This runtime cannot. */
  | { readonly kind: 'unsupported'; readonly needs: string }

/** Opens `coding`; `level` is one of its own, undefined for the usual one. Never throws. */
export type OpenBodyCodec = (coding: BodyCoding, level: number | undefined) => CodecSupport

/** A key of AES-256-GCM (NIST SP 800-38D), imported once. */
export interface SealKey {
  /** The ciphertext of `plain` with its tag of 16 bytes behind it. */
  seal(nonce: Uint8Array, plain: Uint8Array, additional: Uint8Array): Awaitable<Uint8Array>
  /** What was sealed; undefined where key, nonce, ciphertext, tag or additional data are not those of `seal`. */
  open(nonce: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Awaitable<Uint8Array | undefined>
}
