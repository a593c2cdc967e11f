/** What an answer's bytes are, by content type, or by look where handlers leave the type out or call everything text. */

import { parseEventStream } from '../sse/event-stream.js'
import { isAiSdkStart } from './ai-sdk.js'
import { isObject, parseJson } from './json.js'
import { PROTOCOLS } from './protocols.js'
import type { Frame, FrameStream } from './reading.js'

export type Form =
  | JsonForm
  | { readonly kind: 'stream'; readonly stream: FrameStream }
  | { readonly kind: 'text'; readonly text: string }
  /** Bytes that are not text: an image, speech. */
  | { readonly kind: 'binary' }
  /** It claims to be JSON, or looks as if it began to be, and is not. */
  | { readonly kind: 'broken' }

export interface JsonForm {
  readonly kind: 'json'
  readonly value: unknown
  /** It could be the first line of NDJSON that was cut after it. */
  readonly mayGoOn: boolean
}

/** The media type in lower case without its parameters. */
export function mediaTypeOf(contentType: string): string {
  const end = contentType.indexOf(';')
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}

/** Reads the whole body once. Never throws. */
export function formOf(mediaType: string, body: Uint8Array): Form {
  if (mediaType === 'text/event-stream') return sse(body)
  const json = mediaType === 'application/json' || mediaType.endsWith('+json')
  const lines = NDJSON_TYPES.has(mediaType)
  const unknown = mediaType === '' || mediaType === 'application/octet-stream'
  if (!json && !lines && !unknown && !mediaType.startsWith('text/')) return { kind: 'binary' }

  const text = new TextDecoder().decode(body)
  if (lines) return { kind: 'stream', stream: ndjson(text) }
  if (SSE_LOOK.test(text)) return sse(body)
  if (json || JSON_LOOK.test(text)) {
    const value = parseJson(text)
    if (value !== undefined && !isFirstOfStream(value)) return { kind: 'json', value, mayGoOn: mayGoOn(json, text) }
    const stream = ndjson(text)
    // One line that is no JSON is not NDJSON either.
    if (isObject(stream.frames[0]?.json)) return { kind: 'stream', stream }
    if (json || BROKEN_LOOK.test(text)) return { kind: 'broken' }
  }
  return mediaType === 'application/octet-stream' ? { kind: 'binary' } : { kind: 'text', text }
}

/** A provider's stream event on its own: NDJSON under another type that was cut after its first line. */
function isFirstOfStream(value: unknown): boolean {
  if (!isObject(value) || PROTOCOLS.some((protocol) => protocol.isBody(value))) return false
  return isAiSdkStart(value) || PROTOCOLS.some((protocol) => protocol.isFrame(value))
}

/** Declared JSON goes on only where a line end closes its only line; text that happens to be JSON may always. */
function mayGoOn(declared: boolean, text: string): boolean {
  return !declared || text.indexOf('\n') === text.length - 1
}

const NDJSON_TYPES: ReadonlySet<string> = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonlines',
  'application/jsonlines',
  'application/json-seq',
  'application/stream+json',
])
const SSE_LOOK = /^\uFEFF?(?::[^\r\n]*[\r\n]+)*(?:data|event|id|retry):/
const JSON_LOOK = /^\s*[{["]/
/** How the JSON of a model's API begins; prose and code rarely do. */
const BROKEN_LOOK = /^\s*(?:\{\s*(?:"|$)|\[\s*(?:[{"]|$))/

function sse(body: Uint8Array): Form {
  const { events, partial } = parseEventStream(body)
  return { kind: 'stream', stream: frameStream('sse', events, partial) }
}

/** JSON values one a line; RFC 7464's record separator before a value is accepted. */
function ndjson(text: string): FrameStream {
  const lines = text.split(LINE_END).filter((line) => line.trim() !== '')
  const rows = lines.map((data) => ({ event: undefined, data: data.charCodeAt(0) === RECORD_SEPARATOR ? data.slice(1) : data }))
  const stream = frameStream('ndjson', rows, false)
  return { ...stream, partial: stream.frames.length > 0 && stream.frames.at(-1)?.json === undefined }
}

const LINE_END = /\r?\n/
const RECORD_SEPARATOR = 0x1e

function frameStream(form: FrameStream['form'], rows: readonly Omit<Frame, 'json'>[], partial: boolean): FrameStream {
  const frames = rows.map(({ event, data }) => ({ event, data, json: data === DONE ? undefined : parseJson(data) }))
  const objects = frames.map((frame) => frame.json).filter(isObject)
  return { form, frames, objects, done: frames.some((frame) => frame.data === DONE), partial }
}

/** The data with which OpenAI's streams end, and many others after them. */
export const DONE = '[DONE]'
