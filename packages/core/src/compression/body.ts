/** Bodies of entries into a coding and back. */

import type { BodyCodec } from '#platform'
import { compactBytes } from '../entry/bytes.js'
import type { BodyCoding, Entry } from '../entry/entry.js'
import { FrameError } from '../errors.js'
import { headerValue, listMembers } from '../http/headers.js'
import { isThenable } from '../lib/deadline.js'
import type { Awaitable } from '../ports.js'
import type { Codecs } from './codecs.js'

/** Bodies of more bytes are worked on in another thread, where there is one. */
export const INLINE_BYTES: number = 16 * 1024

/** What an encoded body may be of the plain one, so that its decoding is worth it. */
const WORTHWHILE = 0.9

/** Whether the body may travel in another form than the origin gave it. */
export function mayEncode(entry: Entry): boolean {
  if (entry.encoding) return false
  const { headers } = entry
  for (const [name] of headers) if (FIXED_FORM.has(name.toLowerCase())) return false
  if (MEDIA.test(headerValue(headers, 'content-type') ?? '')) return false
  return !listMembers(headerValue(headers, 'cache-control')).includes('no-transform')
}

/** Fields that hold only for the bytes as they are. */
const FIXED_FORM: ReadonlySet<string> = new Set(['content-encoding', 'content-digest', 'content-md5', 'digest', 'repr-digest'])
/** Compressed by their own formats. */
const MEDIA = /^\s*(?:audio|video|image)\/(?!svg)/i

/** True where `encoded` bytes instead of `plain` ones are worth decoding. */
export function isWorthwhile(encoded: number, plain: number): boolean {
  return encoded <= plain * WORTHWHILE
}

/** `entry` with its body in `coding`, or as it is where that does not help or does not work. Never throws or rejects. */
export function encodeBody(entry: Entry, coding: BodyCoding, codec: BodyCodec): Awaitable<Entry> {
  const { body } = entry
  const finish = (encoded: Uint8Array): Entry =>
    isWorthwhile(encoded.byteLength, body.byteLength)
      ? { ...entry, body: compactBytes(encoded), encoding: { coding, decodedBytes: body.byteLength } }
      : entry
  try {
    const encoded = codec.encode(body, body.byteLength < INLINE_BYTES)
    return isThenable(encoded) ? encoded.then(finish).catch(() => entry) : finish(encoded)
  } catch {
    return entry
  }
}

/**
 * The body as it was recorded.
 *
 * @param maxBytes most that it may be
 * @throws FrameError with reason 'too-large' or 'coding', or rejects with it
 */
export function decodeBody(entry: Entry, codecs: Codecs, maxBytes: number): Awaitable<Uint8Array> {
  const { body, encoding } = entry
  if (!encoding) return body
  const { coding, decodedBytes } = encoding
  if (decodedBytes > maxBytes) throw tooLarge()
  const codec = codecs.get(coding)
  if (!codec) throw new FrameError('coding', `The body's coding ${coding} is not available here.`)
  const check = (decoded: Uint8Array): Uint8Array => {
    if (decoded.byteLength !== decodedBytes) throw new FrameError('coding', 'The decoded body is not as long as it says.')
    // Not a Buffer, whose methods differ.
    return new Uint8Array(decoded.buffer, decoded.byteOffset, decodedBytes)
  }
  try {
    const decoded = codec.decode(body, decodedBytes, decodedBytes < INLINE_BYTES)
    return isThenable(decoded) ? decoded.then(check).catch(raise) : check(decoded)
  } catch (error) {
    return raise(error)
  }
}

function raise(error: unknown): never {
  if (error instanceof FrameError) throw error
  if (error instanceof RangeError) throw tooLarge(error)
  throw new FrameError('coding', 'The body cannot be decoded.', { cause: error })
}

function tooLarge(cause?: unknown): FrameError {
  return new FrameError('too-large', 'The decoded body is larger than it may be.', { cause })
}
