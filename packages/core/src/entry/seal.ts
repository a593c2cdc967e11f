/**
 * Sealed frames: AES-256-GCM round the frame of frame.ts, so that a store holds nothing that can be read, changed or moved.
 *
 *   offset  size  what
 *   0       4     magic, ASCII 'LLMC'
 *   4       1     version of this layout: 1
 *   5       1     0x80
 *   6       4     id of the key: the first 4 bytes of SHA-256 over 'llm-cache key id' and the key
 *   10      12    nonce, random for each frame
 *   22      n     ciphertext of the plain frame
 *   22+n    16    tag
 *
 * The additional data are the bytes before the ciphertext and the cache key, which names partition and request: a frame
 * that was moved to another key does not open. A key must not seal more than 2^32 frames (NIST SP 800-38D section 8.3).
 */

import { fromBase64, importSealKey, randomBytes, type SealKey, sha256 } from '#platform'
import { FrameError } from '../errors.js'
import { isThenable } from '../lib/deadline.js'
import type { Awaitable } from '../ports.js'
import { MAGIC, SEALED, VERSION } from './frame.js'

export interface Sealer {
  /** `frame`, sealed by the first key for `cacheKey`. */
  seal(frame: Uint8Array, cacheKey: string): Awaitable<Uint8Array>
  /**
   * The frame in `sealed`, by whichever key sealed it.
   * @throws FrameError with reason 'sealed' or 'truncated', or rejects with it
   */
  open(sealed: Uint8Array, cacheKey: string): Awaitable<Uint8Array>
}

/** @param rawKeys of 32 bytes each, at least one; the first one seals */
export function createSealer(rawKeys: readonly Uint8Array[]): Sealer {
  const keys: readonly NamedKey[] = rawKeys.map((raw) => ({ id: keyId(raw), key: importSealKey(raw) }))
  const first = keys[0] as NamedKey

  return {
    seal(frame, cacheKey) {
      const nonce = randomBytes(NONCE_BYTES)
      const head = new Uint8Array(HEAD_BYTES)
      const view = new DataView(head.buffer)
      view.setUint32(0, MAGIC)
      view.setUint8(4, VERSION)
      view.setUint8(5, SEALED)
      view.setUint32(6, first.id)
      head.set(nonce, NONCE_AT)
      const sealed = first.key.seal(nonce, frame, additionalData(head, cacheKey))
      return isThenable(sealed) ? sealed.then((late) => concat(head, late)) : concat(head, sealed)
    },
    open(sealed, cacheKey) {
      if (sealed.byteLength < HEAD_BYTES + TAG_BYTES) throw new FrameError('truncated', 'The sealed frame ends inside its prefix.')
      const head = sealed.subarray(0, HEAD_BYTES)
      const id = new DataView(sealed.buffer, sealed.byteOffset, HEAD_BYTES).getUint32(KEY_ID_AT)
      const nonce = head.subarray(NONCE_AT)
      const additional = additionalData(head, cacheKey)
      // Different keys may have one id: all that have it are tried.
      const candidates = keys.filter((key) => key.id === id)
      return firstOpened(candidates, (key) => key.open(nonce, sealed.subarray(HEAD_BYTES), additional))
    },
  }
}

interface NamedKey {
  readonly id: number
  readonly key: SealKey
}

function firstOpened(
  [candidate, ...rest]: readonly NamedKey[],
  open: (key: SealKey) => Awaitable<Uint8Array | undefined>,
): Awaitable<Uint8Array> {
  if (!candidate) throw new FrameError('sealed', 'No key opens the frame, or it belongs to another key of the cache.')
  const opened = open(candidate.key)
  if (isThenable(opened)) return opened.then((late) => late ?? firstOpened(rest, open))
  return opened ?? firstOpened(rest, open)
}

function keyId(raw: Uint8Array): number {
  const digest = sha256(concat(encoder.encode(KEY_ID_DOMAIN), raw))
  // Six characters of base64url hold the first 36 bits.
  const start = fromBase64(`${digest.slice(0, 6).replaceAll('-', '+').replaceAll('_', '/')}==`)
  return new DataView(start.buffer, start.byteOffset, start.byteLength).getUint32(0)
}

function additionalData(head: Uint8Array, cacheKey: string): Uint8Array {
  return concat(head, encoder.encode(cacheKey))
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.byteLength + second.byteLength)
  whole.set(first)
  whole.set(second, first.byteLength)
  return whole
}

const KEY_ID_DOMAIN = 'llm-cache key id'
const KEY_ID_AT = 6
const NONCE_AT = 10
const NONCE_BYTES = 12
const HEAD_BYTES: number = NONCE_AT + NONCE_BYTES
const TAG_BYTES = 16
const encoder = new TextEncoder()
