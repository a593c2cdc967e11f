/**
 * The fingerprint of a request: which provider's shape it has, and the key of its answer.
 *
 * The digest covers a list of parts, each preceded by its length, so that no two lists read alike. It is part of what stored
 * entries depend on: any change to what goes into it needs a new `VERSION` (test/fingerprint/golden.json holds it still).
 */

import { sha256 } from '#platform'
import type { BypassReason, RequestBody } from '../exchange.js'
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from '../lib/canonical.js'
import { inspectJson, type JsonReading, parseJsonBytes } from '../lib/json-text.js'
import { generic } from './generic.js'
import { isUtf8, type MediaType, parseMediaType } from './media-type.js'
import { dropDefaults, loosen } from './normalize.js'
import type { Provider, RequestContext } from './provider.js'
import { PROVIDERS } from './providers.js'

/**
 * How far requests are brought to one form. `exact`: JSON key order only. `default`: also documented default values and fields
 * that do not affect the answer. `loose`: also sampling parameters, token limits and prompt text in steps; unsafe for code.
 */
export type NormalizeMode = 'exact' | 'default' | 'loose'

export interface FingerprintInput {
  readonly method: string
  readonly host: string
  /** Path and query as received. */
  readonly url: string
  /** The request's Content-Type field as received. */
  readonly contentType: string | undefined
  /** Declared headers that take part, names in lower case, in the order of the caller's configuration. */
  readonly headers: readonly (readonly [string, string])[]
  /** Digest of the partition, [A-Za-z0-9_-]{22}. */
  readonly partition: string
  readonly body: RequestBody
  readonly normalize: NormalizeMode
}

export interface RequestShape {
  /** 'openai-chat', 'anthropic-messages', ...; 'generic' or 'opaque'. */
  readonly provider: string
  /** `generic`: a prompt by a customary name. `opaque`: anything else: text, a form, no body, other JSON. */
  readonly kind: 'provider' | 'generic' | 'opaque'
  readonly model: string | undefined
  /** The body itself asks for a new answer. */
  readonly refresh: boolean
  /** The answer's text must be JSON. */
  readonly expectsJson: boolean
}

export type FingerprintResult =
  | { readonly kind: 'key'; readonly key: string; readonly shape: RequestShape }
  | { readonly kind: 'bypass'; readonly reason: BypassReason }

/** The key and shape of a request, or why it has none. Pure; never throws. */
export function fingerprint(input: FingerprintInput): FingerprintResult {
  const { body } = input
  if (body.kind === 'unreadable') return { kind: 'bypass', reason: body.reason }
  const media = parseMediaType(input.contentType)
  if (media.essence.startsWith('multipart/')) return { kind: 'bypass', reason: 'body-multipart' }
  if (body.kind === 'none') return finish(input, media, OPAQUE, 'none', '')
  if (body.kind === 'parsed') {
    if (typeof body.value === 'string') return opaqueText(input, media, body.value)
    if (body.value instanceof Uint8Array) return fromBytes(input, media, body.value)
    return fromJson(input, media, inspectJson(body.value))
  }
  return fromBytes(input, media, body.bytes)
}

function fromBytes(input: FingerprintInput, media: MediaType, bytes: Uint8Array): FingerprintResult {
  if (!isJsonBytes(media, bytes)) return finish(input, media, OPAQUE, 'bytes', sha256(bytes))
  return isUtf8(media.charset) ? fromJson(input, media, parseJsonBytes(bytes)) : { kind: 'bypass', reason: 'invalid-json' }
}

function fromJson(input: FingerprintInput, media: MediaType, reading: JsonReading): FingerprintResult {
  if (!reading.ok) return { kind: 'bypass', reason: reading.fault }
  const { value } = reading
  // A form or another type that a parser made an object of: its fields are not those of a JSON API.
  if (!isJsonObject(value) || !(media.isJson || media.text === '')) return finish(input, media, OPAQUE, 'json', canonicalJson(value))
  const context = requestContext(input)
  const provider =
    PROVIDERS.find((candidate) => candidate.matches(value, context)) ?? (generic.matches(value, context) ? generic : undefined)
  if (!provider) return finish(input, media, OPAQUE, 'json', canonicalJson(value))
  if (provider.isStateful?.(value)) return { kind: 'bypass', reason: 'stateful' }
  const shape: RequestShape = {
    provider: provider.id,
    kind: provider === generic ? 'generic' : 'provider',
    model: provider.model(value, context),
    refresh: provider.wantsRefresh?.(value) ?? false,
    expectsJson: provider.expectsJson?.(value) ?? false,
  }
  return finish(input, media, shape, 'json', canonicalJson(normalized(value, provider, context, input.normalize)))
}

function normalized(body: JsonObject, provider: Provider, context: RequestContext, mode: NormalizeMode): JsonValue {
  if (mode === 'exact') return body
  return dropDefaults(mode === 'loose' ? loosen(body, provider.loose) : body, provider, context)
}

/** What a text parser read is keyed as the bytes it came from, if those were UTF-8. */
function opaqueText(input: FingerprintInput, media: MediaType, text: string): FingerprintResult {
  const isBytes = isUtf8(media.charset) && !LONE_SURROGATE.test(text)
  return isBytes ? finish(input, media, OPAQUE, 'bytes', sha256(text)) : finish(input, media, OPAQUE, 'text', text)
}

function finish(input: FingerprintInput, media: MediaType, shape: RequestShape, form: BodyForm, body: string): FingerprintResult {
  let text = part(VERSION) + part(input.method) + part(input.host) + part(input.url) + part(media.text) + part(`${input.headers.length}`)
  for (const [name, value] of input.headers) text += part(name) + part(value)
  // Well-formed already: canonical JSON, a digest, or nothing.
  const tail = form === 'text' ? part(body) : `${body.length}:${body}`
  text += part(input.normalize) + part(shape.provider) + part(form) + tail
  return { kind: 'key', key: `${VERSION}.${input.partition}.${sha256(text)}`, shape }
}

/** `text` with its length in UTF-16 code units. Lone surrogates, which UTF-8 would make all alike, are written as escapes and marked. */
function part(text: string): string {
  if (!SURROGATE.test(text) || !LONE_SURROGATE.test(text)) return `${text.length}:${text}`
  const escaped = JSON.stringify(text)
  return `${escaped.length}!${escaped}`
}

function requestContext(input: FingerprintInput): RequestContext {
  const end = input.url.indexOf('?')
  const path = (end < 0 ? input.url : input.url.slice(0, end)).toLowerCase()
  return {
    path: path.endsWith('/') ? path.slice(0, -1) : path,
    hasHeader: (name) => input.headers.some(([declared]) => declared === name),
  }
}

/** JSON by its type, or by its first character where no type is given. */
function isJsonBytes(media: MediaType, bytes: Uint8Array): boolean {
  if (media.isJson || media.text !== '') return media.isJson
  const first = bytes.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)
  return first === 0x7b || first === 0x5b
}

/** What the body's part of the digest is made of. */
type BodyForm = 'none' | 'bytes' | 'text' | 'json'

const VERSION = 'lc1'
const OPAQUE: RequestShape = { provider: 'opaque', kind: 'opaque', model: undefined, refresh: false, expectsJson: false }
const SURROGATE = /[\ud800-\udfff]/
const LONE_SURROGATE = /\p{Surrogate}/u
