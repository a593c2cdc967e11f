/** A request read once: which provider's shape its body has, before anything is made of it. */

import { sha256 } from '#platform'
import type { BypassReason, RequestBody } from '../exchange.js'
import { canonicalJson, isJsonObject, type JsonObject } from '../lib/canonical.js'
import { inspectJson, type JsonReading, parseJsonBytes } from '../lib/json-text.js'
import { generic } from './generic.js'
import { isUtf8, type MediaType, parseMediaType } from './media-type.js'
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

export type RequestReading =
  /** It cannot be keyed. */
  | { readonly kind: 'bypass'; readonly reason: BypassReason }
  /** `content` is what the key covers of the body, well-formed unless the form is 'text'. */
  | { readonly kind: 'opaque'; readonly media: MediaType; readonly form: BodyForm; readonly content: string }
  | {
      readonly kind: 'shaped'
      readonly media: MediaType
      readonly body: JsonObject
      readonly provider: Provider
      readonly context: RequestContext
    }

/** What the body's part of a digest is made of. */
export type BodyForm = 'none' | 'bytes' | 'text' | 'json'

/** Parses the body, if it is JSON, and tells whose shape it has. Pure; never throws. */
export function readRequest(input: FingerprintInput): RequestReading {
  const { body } = input
  if (body.kind === 'unreadable') return bypass(body.reason)
  const media = parseMediaType(input.contentType)
  if (media.essence.startsWith('multipart/')) return bypass('body-multipart')
  if (body.kind === 'none') return opaque(media, 'none', '')
  if (body.kind === 'parsed') {
    if (typeof body.value === 'string') return opaqueText(media, body.value)
    if (body.value instanceof Uint8Array) return readBytes(input, media, body.value)
    return readJson(input, media, inspectJson(body.value))
  }
  return readBytes(input, media, body.bytes)
}

function readBytes(input: FingerprintInput, media: MediaType, bytes: Uint8Array): RequestReading {
  if (!isJsonBytes(media, bytes)) return opaque(media, 'bytes', sha256(bytes))
  return isUtf8(media.charset) ? readJson(input, media, parseJsonBytes(bytes)) : bypass('invalid-json')
}

function readJson(input: FingerprintInput, media: MediaType, reading: JsonReading): RequestReading {
  if (!reading.ok) return bypass(reading.fault)
  const { value } = reading
  // A form or another type that a parser made an object of: its fields are not those of a JSON API.
  if (!isJsonObject(value) || !(media.isJson || media.text === '')) return opaque(media, 'json', canonicalJson(value))
  const context = requestContext(input)
  const provider =
    PROVIDERS.find((candidate) => candidate.matches(value, context)) ?? (generic.matches(value, context) ? generic : undefined)
  if (!provider) return opaque(media, 'json', canonicalJson(value))
  if (provider.isStateful?.(value)) return bypass('stateful')
  return { kind: 'shaped', media, body: value, provider, context }
}

/** What a text parser read is keyed as the bytes it came from, if those were UTF-8. */
function opaqueText(media: MediaType, text: string): RequestReading {
  const isBytes = isUtf8(media.charset) && !LONE_SURROGATE.test(text)
  return isBytes ? opaque(media, 'bytes', sha256(text)) : opaque(media, 'text', text)
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

function opaque(media: MediaType, form: BodyForm, content: string): RequestReading {
  return { kind: 'opaque', media, form, content }
}

function bypass(reason: BypassReason): RequestReading {
  return { kind: 'bypass', reason }
}

const LONE_SURROGATE = /\p{Surrogate}/u
