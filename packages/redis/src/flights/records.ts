/**
 * What a leader publishes, as bytes. A record of the flight's stream has two fields, `n`, its number from 0, and `d`, one or
 * more steps: each a kind (1 byte), a length (4 bytes, big-endian) and as many bytes.
 */

import { type AnswerHead, decodeFrame, type Entry, type EntryCodec, encodeFrame, type RemoteStep } from '@llm-cache/core'

export type PublishedStep = Exclude<RemoteStep, { readonly kind: 'lost' }>

const KINDS = ['head', 'chunk', 'end', 'abort', 'alone'] as const

export function packSteps(steps: readonly PublishedStep[]): Uint8Array {
  const contents = steps.map(contentOf)
  const packed = new Uint8Array(contents.reduce((total, content) => total + STEP_BYTES + content.byteLength, 0))
  const view = new DataView(packed.buffer)
  let at = 0
  for (const [index, content] of contents.entries()) {
    view.setUint8(at, KINDS.indexOf((steps[index] as PublishedStep).kind))
    view.setUint32(at + 1, content.byteLength)
    packed.set(content, at + STEP_BYTES)
    at += STEP_BYTES + content.byteLength
  }
  return packed
}

/** Chunks share memory with `packed`. @throws RangeError or SyntaxError on anything that `packSteps` did not make */
export function unpackSteps(packed: Uint8Array): PublishedStep[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  const steps: PublishedStep[] = []
  let at = 0
  while (at < packed.byteLength) {
    const kind = KINDS[view.getUint8(at)]
    const from = at + STEP_BYTES
    at = from + view.getUint32(at + 1)
    if (kind === undefined || at > packed.byteLength) throw new RangeError('Not a step of a flight.')
    const bytes = packed.subarray(from, at)
    if (kind === 'head') steps.push({ kind, head: parseHead(new TextDecoder().decode(bytes)) })
    else if (kind === 'chunk') steps.push({ kind, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) })
    else steps.push({ kind })
  }
  return steps
}

/** Bytes that `step` takes. */
export function stepBytes(step: PublishedStep): number {
  return STEP_BYTES + (step.kind === 'chunk' ? step.bytes.byteLength : step.kind === 'head' ? HEAD_BYTES : 0)
}

/** What a record is protected by: the store's codec, so that nothing is readable in Redis that entries would hide. */
export interface RecordCodec {
  encode(packed: Uint8Array, number: number): Promise<Uint8Array>
  decode(bytes: Uint8Array, number: number): Promise<Uint8Array>
}

/** Each record goes as the body of an entry of its own key, which binds it to its flight and its place in it. */
export function recordCodec(given: EntryCodec | undefined, key: string, flightId: string): RecordCodec {
  const codec = given ?? PLAIN
  const recordKey = (number: number): string => `${key}.${flightId}.${number}`
  return {
    encode: async (packed, number) => codec.encode({ ...WRAPPER, id: flightId, key: recordKey(number), body: packed }),
    async decode(bytes, number) {
      const entry = await codec.decode(bytes, recordKey(number))
      if (entry.encoding) throw new RangeError('A record of a flight is not encoded.')
      return entry.body
    },
  }
}

const PLAIN: EntryCodec = { encode: encodeFrame, decode: decodeFrame }
const WRAPPER: Omit<Entry, 'id' | 'key' | 'body'> = {
  storedAt: 0,
  staleAt: 0,
  deleteAt: 0,
  status: 200,
  headers: [],
  chunks: undefined,
  meta: { provider: 'flight', model: undefined, route: undefined, usage: undefined, originMs: 0, tags: [] },
}

function contentOf(step: PublishedStep): Uint8Array {
  if (step.kind === 'chunk') return step.bytes
  if (step.kind === 'head') return new TextEncoder().encode(JSON.stringify(step.head))
  return new Uint8Array(0)
}

function parseHead(text: string): AnswerHead {
  const { id, status, headers } = JSON.parse(text) as Partial<Record<keyof AnswerHead, unknown>>
  const pairs = Array.isArray(headers) && headers.every(isPair) ? (headers as [string, string][]) : undefined
  if (typeof id !== 'string' || !Number.isInteger(status) || !pairs) throw new RangeError('Not the head of an answer.')
  return { id, status: status as number, headers: pairs }
}

function isPair(pair: unknown): boolean {
  return Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string')
}

const STEP_BYTES = 5
/** What a head counts for, in place of being measured. */
const HEAD_BYTES = 4096
