/**
 * The frame: an entry as bytes, for stores outside the process. All integers are big-endian.
 *
 *   offset  size  what
 *   0       4     magic, ASCII 'LLMC'
 *   4       1     version of this layout: 1
 *   5       1     coding of the body: 0 = as recorded, 1 = gzip, 2 = br, 3 = zstd, 4 = lz4; 0x80 = the whole is sealed, and
 *                 the rest of this layout inside (seal.ts)
 *   6       4     header length h in bytes
 *   10      4     body length b in bytes
 *   14      h     header: the entry without its body, as JSON in UTF-8 (header.ts)
 *   14+h    b     body, as recorded or in its coding; then the header tells its decoded length
 *   14+h+b  22    checksum: the first 22 base64url characters (132 bits) of SHA-256 over everything before it
 *
 * The header holds the whole key, digests of partition and request included, so the checksum binds the bytes to their
 * key: a frame that a store answers for another key is refused. The checksum finds damage, not forgery.
 */

import { sha256 } from '#platform'
import { FrameError } from '../errors.js'
import { compactBytes } from './bytes.js'
import type { BodyCoding, Entry } from './entry.js'
import { formatEntryHeader, parseEntryHeader } from './header.js'

/** The bytes of `entry`. @throws RangeError when they would be more than an array can hold */
export function encodeFrame(entry: Entry): Uint8Array {
  const header = encoder.encode(formatEntryHeader(entry))
  const end = PREFIX_BYTES + header.byteLength + entry.body.byteLength
  const frame = new Uint8Array(end + CHECKSUM_BYTES)
  const view = new DataView(frame.buffer)
  view.setUint32(0, MAGIC)
  view.setUint8(4, VERSION)
  view.setUint8(5, entry.encoding ? CODINGS.indexOf(entry.encoding.coding) : IDENTITY)
  view.setUint32(6, header.byteLength)
  view.setUint32(10, entry.body.byteLength)
  frame.set(header, PREFIX_BYTES)
  frame.set(entry.body, PREFIX_BYTES + header.byteLength)
  encoder.encodeInto(checksum(frame.subarray(0, end)), frame.subarray(end))
  return frame
}

/**
 * The entry in `bytes`, which must have been stored under `key`. Its body stays in its coding, and may share memory with
 * `bytes`: neither is to be changed afterwards.
 *
 * @param maxDecodedBytes most that an encoded body may claim to be when decoded
 * @throws FrameError on anything that is not exactly what `encodeFrame` made for an entry of this key, and nothing else
 */
export function decodeFrame(bytes: Uint8Array, key: string, maxDecodedBytes: number = MAX_DECODED_BYTES): Entry {
  const kind = codingByte(bytes)
  if (kind === SEALED) throw new FrameError('sealed', 'The frame is encrypted.')
  if (bytes.byteLength < PREFIX_BYTES + CHECKSUM_BYTES) throw new FrameError('truncated', 'The frame ends inside its prefix.')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const bodyAt = PREFIX_BYTES + view.getUint32(6)
  const end = bodyAt + view.getUint32(10)
  if (bytes.byteLength !== end + CHECKSUM_BYTES) throw new FrameError('truncated', 'The frame is not as long as it says.')
  if (ascii(bytes, end) !== checksum(bytes.subarray(0, end))) throw new FrameError('checksum', 'The frame is damaged.')
  const body = { bytes: end - bodyAt, coding: CODINGS[kind], maxDecodedBytes }
  const head = parseEntryHeader(decode(bytes.subarray(PREFIX_BYTES, bodyAt)), body)
  if (head.key !== key) throw new FrameError('foreign-key', 'The frame belongs to another key.')
  return { ...head, body: compactBytes(bytes.subarray(bodyAt, end)) }
}

/**
 * The coding byte of the frame that `bytes` begin with: one that this version knows.
 * @throws FrameError with reason 'not-a-frame', 'version' or 'truncated'
 */
export function codingByte(bytes: Uint8Array): number {
  if (!(bytes instanceof Uint8Array) || bytes.byteLength < 5) throw new FrameError('not-a-frame', 'Too short for a frame.')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0) !== MAGIC) throw new FrameError('not-a-frame', 'The bytes do not begin as a frame does.')
  if (view.getUint8(4) !== VERSION) throw new FrameError('version', `Frame version ${view.getUint8(4)}, ${VERSION} is understood.`)
  if (bytes.byteLength < 6) throw new FrameError('truncated', 'The frame ends inside its prefix.')
  const kind = view.getUint8(5)
  if (kind >= CODINGS.length && kind !== SEALED) throw new FrameError('version', `Frame coding ${kind} is not understood.`)
  return kind
}

function checksum(bytes: Uint8Array): string {
  return sha256(bytes).slice(0, CHECKSUM_BYTES)
}

function ascii(bytes: Uint8Array, from: number): string {
  return String.fromCharCode(...bytes.subarray(from))
}

function decode(header: Uint8Array): string {
  try {
    return decoder.decode(header)
  } catch (cause) {
    throw new FrameError('header', 'The header is not UTF-8.', { cause })
  }
}

/** The beginning of every frame, 'LLMC'. */
export const MAGIC: number = 0x4c_4c_4d_43
export const VERSION: number = 1
/** Coding byte of a sealed frame. */
export const SEALED: number = 0x80
/** Most that an encoded body may be when decoded, unless told otherwise: 64 MiB. */
export const MAX_DECODED_BYTES: number = 64 * 1024 * 1024

const IDENTITY = 0
/** By coding byte. */
const CODINGS: readonly (BodyCoding | undefined)[] = [undefined, 'gzip', 'br', 'zstd', 'lz4']
const PREFIX_BYTES = 14
const CHECKSUM_BYTES = 22
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
