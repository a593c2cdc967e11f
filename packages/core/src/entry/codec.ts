/** How entries become bytes for stores outside the process: plain frames, or sealed ones where there are keys. */

import { fromBase64, toBase64 } from '#platform'
import { invalid } from '../checks.js'
import { FrameError, OptionError } from '../errors.js'
import { isThenable } from '../lib/deadline.js'
import { describeValue, didYouMean } from '../lib/nearest.js'
import type { EntryCodec } from '../ports.js'
import { codingByte, decodeFrame, encodeFrame, MAX_DECODED_BYTES, SEALED } from './frame.js'
import { createSealer, type Sealer } from './seal.js'

export interface EncryptionOptions {
  /**
   * Keys of AES-256: 32 bytes each, as 64 hex digits or in base64. The first one encrypts, all of them decrypt: to change
   * keys put the new one in front, and drop the old one when the entries of its time are gone.
   */
  readonly keys: readonly (string | undefined)[]
}

export interface EntryCodecOptions {
  /** @default none: frames are stored as they are */
  readonly encryption?: EncryptionOptions | undefined
  /** Most that a compressed body may claim to be when decoded, in bytes. @default 64 MiB */
  readonly maxDecodedBytes?: number | undefined
}

/**
 * With keys only sealed frames are read, without keys only plain ones.
 *
 * @throws OptionError for wrong keys; it never shows them
 */
export function createEntryCodec(options: EntryCodecOptions = {}): EntryCodec {
  const { encryption, maxDecodedBytes = MAX_DECODED_BYTES } = options
  const sealer = encryption === undefined ? undefined : createSealer(resolveKeys(encryption))
  return sealer ? sealedCodec(sealer, maxDecodedBytes) : plainCodec(maxDecodedBytes)
}

function plainCodec(maxDecodedBytes: number): EntryCodec {
  return { encode: encodeFrame, decode: (bytes, key) => decodeFrame(bytes, key, maxDecodedBytes) }
}

function sealedCodec(sealer: Sealer, maxDecodedBytes: number): EntryCodec {
  return {
    encode: (entry) => sealer.seal(encodeFrame(entry), entry.key),
    decode(bytes, key) {
      if (codingByte(bytes) !== SEALED) throw new FrameError('unsealed', 'The frame is not encrypted.')
      const frame = sealer.open(bytes, key)
      return isThenable(frame) ? frame.then((late) => decodeFrame(late, key, maxDecodedBytes)) : decodeFrame(frame, key, maxDecodedBytes)
    },
  }
}

/** The keys of `encryption` as bytes. @throws OptionError */
function resolveKeys(encryption: unknown): readonly Uint8Array[] {
  if (typeof encryption !== 'object' || encryption === null || Array.isArray(encryption))
    throw invalid('encryption', `must be { keys: [...] }, not ${Array.isArray(encryption) ? 'an array' : kindOf(encryption)}`)
  const unknown = Object.keys(encryption).find((name) => name !== 'keys')
  if (unknown !== undefined) {
    // Shorter than any key could be.
    const option = unknown.length <= 20 ? `encryption.${unknown}` : 'encryption'
    throw new OptionError('ERR_OPTION_UNKNOWN', option, `unknown option ${option}${didYouMean(unknown, ['keys'])}`)
  }
  const { keys } = encryption as { keys?: unknown }
  if (!Array.isArray(keys)) throw invalid('encryption.keys', `must be a list of keys, not ${kindOf(keys)}`)
  if (keys.length === 0) throw invalid('encryption.keys', `must have at least one key. ${HOW_TO}`)
  const seen = new Map<string, number>()
  return keys.map((key: unknown, index) => {
    const option = `encryption.keys[${index}]`
    const bytes = typeof key === 'string' ? parseKey(key) : undefined
    if (!bytes) throw invalid(option, `must be 32 bytes as 64 hex digits or in base64. ${HOW_TO}`)
    const text = toBase64(bytes)
    const earlier = seen.get(text)
    if (earlier !== undefined) throw invalid(option, `is the same key as encryption.keys[${earlier}]`)
    seen.set(text, index)
    return bytes
  })
}

/** 64 hex digits, base64 or base64url with or without padding; undefined for anything else. */
function parseKey(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]{64}$/i.test(text))
    return Uint8Array.from({ length: KEY_BYTES }, (_, at) => Number.parseInt(text.slice(at * 2, at * 2 + 2), 16))
  if (!/^(?:[A-Za-z0-9+/]{43}|[A-Za-z0-9_-]{43})=?$/.test(text)) return undefined
  const base64 = `${text.slice(0, 43).replaceAll('-', '+').replaceAll('_', '/')}=`
  const bytes = Uint8Array.from(fromBase64(base64))
  // Bits left over in the last character: somebody's typing, not somebody's encoder.
  return bytes.byteLength === KEY_BYTES && toBase64(bytes) === base64 ? bytes : undefined
}

/** What may be said of a value that could be a key. */
function kindOf(value: unknown): string {
  return value === undefined || value === null ? describeValue(value) : `a value of type ${typeof value}`
}

const KEY_BYTES = 32
const HOW_TO = 'Make one with: openssl rand -base64 32'
