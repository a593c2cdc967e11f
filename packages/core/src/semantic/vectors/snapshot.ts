/**
 * An index as bytes. In this order, numbers as the machine writes them (little-endian on every machine that JavaScript is likely to
 * meet; elsewhere the first four bytes differ):
 *
 *   u32 'LCVI', u32 version, u32 namespaces, u32 vectors
 *   for each vector in the order of arrival: u32 number of its namespace, u32 slot
 *   for each namespace: u32 dimensions, u32 vectors, u32 bytes of text, u32 1 where it is signed
 *     text: [name, [ids]] as JSON
 *     deleteAt of each, f64; vectors, f32
 *     where it is signed: f64 reach; centre, f32; signatures, 16 u32 each
 *   24 characters: SHA-256 of everything before, in base64url
 *
 * Everything begins at a multiple of 8.
 */

import { sha256 } from '#platform'
import { VectorIndexError } from '../../errors.js'
import type { Arrival } from './arrival.js'
import { SIGNATURE_BYTES } from './layout.js'
import type { Namespace, Signatures } from './namespace.js'

export interface Snapshot {
  readonly namespaces: readonly NamespaceSnapshot[]
  /** Number of the namespace, and slot. */
  readonly arrival: readonly (readonly [namespace: number, slot: number])[]
}

export interface NamespaceSnapshot {
  readonly name: string
  readonly dimensions: number
  readonly items: readonly (readonly [id: string, vector: Float32Array, deleteAt: number])[]
  readonly signatures: Signatures | undefined
}

export function writeSnapshot(namespaces: Iterable<Namespace>, arrival: Arrival): Uint8Array {
  const parts: { readonly namespace: Namespace; readonly text: Uint8Array }[] = []
  const numbers = new Map<Namespace, number>()
  let size = HEADER_BYTES + 8 * arrival.count + CHECKSUM_LENGTH
  for (const namespace of namespaces) {
    const text = encoder.encode(JSON.stringify([namespace.name, idsOf(namespace)]))
    numbers.set(namespace, parts.length)
    parts.push({ namespace, text })
    size += namespaceSize(namespace, text.length)
  }
  const bytes = new Uint8Array(size)
  const cursor = createCursor(bytes)
  cursor.words(4).set([MAGIC, VERSION, parts.length, arrival.count])
  const order = cursor.words(arrival.count * 2)
  let at = 0
  for (const { home, slot } of arrival) {
    order[at++] = numbers.get(home) as number
    order[at++] = slot
  }
  for (const { namespace, text } of parts) writeNamespace(cursor, namespace, text)
  encoder.encodeInto(checksum(bytes.subarray(0, cursor.position)), bytes.subarray(cursor.position))
  return bytes
}

/** @throws VectorIndexError with the reason 'damaged' or 'version' */
export function readSnapshot(given: Uint8Array): Snapshot {
  if (!(given instanceof Uint8Array) || given.length < HEADER_BYTES + CHECKSUM_LENGTH || given.length % 8 > 0) throw damaged()
  // Views want whole words.
  const bytes = given.byteOffset % 8 > 0 ? new Uint8Array(given) : given
  const cursor = createCursor(bytes)
  const [magic, version, namespaces = 0, vectors = 0] = cursor.words(4)
  if (magic !== MAGIC) throw damaged()
  const end = bytes.length - CHECKSUM_LENGTH
  if (decoder.decode(bytes.subarray(end)) !== checksum(bytes.subarray(0, end))) throw damaged()
  if (version !== VERSION) throw new VectorIndexError('version', 'The bytes were written by another version of the vector index.')
  const order = cursor.words(vectors * 2)
  return {
    arrival: Array.from({ length: vectors }, (_, at) => [order[at * 2] as number, order[at * 2 + 1] as number] as const),
    namespaces: Array.from({ length: namespaces }, () => readNamespace(cursor)),
  }
}

function writeNamespace(cursor: Cursor, namespace: Namespace, text: Uint8Array): void {
  const { dimensions, count, signed } = namespace
  cursor.words(4).set([dimensions, count, text.length, signed ? 1 : 0])
  cursor.bytes(text.length).set(text)
  const times = cursor.doubles(count)
  const vectors = cursor.floats(count * dimensions)
  for (let slot = 0; slot < count; slot++) {
    times[slot] = namespace.at(slot)?.deleteAt as number
    vectors.set(namespace.vector(slot), slot * dimensions)
  }
  if (!signed) return
  cursor.doubles(1)[0] = signed.centre.reach
  cursor.floats(dimensions).set(signed.centre.vector)
  const words = cursor.words(count * SIGNATURE_WORDS)
  for (let slot = 0; slot < count; slot++) words.set(signed.signature(slot), slot * SIGNATURE_WORDS)
}

function readNamespace(cursor: Cursor): NamespaceSnapshot {
  const [dimensions = 0, count = 0, textLength = 0, isSigned] = cursor.words(4)
  const [name, ids] = JSON.parse(decoder.decode(cursor.bytes(textLength))) as [string, string[]]
  const times = cursor.doubles(count)
  const vectors = cursor.floats(count * dimensions)
  const items = ids.map((id, at) => [id, vectors.subarray(at * dimensions, (at + 1) * dimensions), times[at] as number] as const)
  if (isSigned !== 1) return { name, dimensions, items, signatures: undefined }
  const reach = cursor.doubles(1)[0] as number
  const vector = cursor.floats(dimensions).slice()
  return { name, dimensions, items, signatures: { centre: { vector, reach }, words: cursor.words(count * SIGNATURE_WORDS) } }
}

function namespaceSize({ dimensions, count, signed }: Namespace, textLength: number): number {
  const vectors = 16 + padded(textLength) + 8 * count + padded(4 * count * dimensions)
  return vectors + (signed ? 8 + padded(4 * dimensions) + SIGNATURE_BYTES * count : 0)
}

/** Views of one part after the other. */
interface Cursor {
  readonly position: number
  bytes(length: number): Uint8Array
  words(length: number): Uint32Array
  floats(length: number): Float32Array
  doubles(length: number): Float64Array
}

function createCursor({ buffer, byteOffset }: Uint8Array): Cursor {
  let position = 0
  const pass = (bytes: number): number => {
    const at = position
    position += padded(bytes)
    return byteOffset + at
  }
  return {
    get position() {
      return position
    },
    bytes: (length) => new Uint8Array(buffer, pass(length), length),
    words: (length) => new Uint32Array(buffer, pass(length * 4), length),
    floats: (length) => new Float32Array(buffer, pass(length * 4), length),
    doubles: (length) => new Float64Array(buffer, pass(length * 8), length),
  }
}

function idsOf(namespace: Namespace): string[] {
  return Array.from({ length: namespace.count }, (_, slot) => namespace.at(slot)?.id as string)
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}

function checksum(bytes: Uint8Array): string {
  return sha256(bytes).slice(0, CHECKSUM_LENGTH)
}

function damaged(): VectorIndexError {
  return new VectorIndexError('damaged', 'The bytes are no snapshot of a vector index, or are damaged.')
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const MAGIC = 0x4956434c
const VERSION = 1
const HEADER_BYTES = 16
const CHECKSUM_LENGTH = 24
const SIGNATURE_WORDS = SIGNATURE_BYTES / 4
