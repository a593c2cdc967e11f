/**
 * The text that a digest of a request covers: a list of parts, each preceded by its length, so that no two lists read alike. It is
 * part of what stored entries depend on: any change to it needs new versions (test/fingerprint/golden.json holds it still).
 */

import type { MediaType } from './media-type.js'
import type { BodyForm, FingerprintInput } from './reading.js'

/** All parts but those of the body. `version` tells kinds of digests apart. */
export function headText(version: string, input: FingerprintInput, media: MediaType, provider: string, form: BodyForm): string {
  let text = part(version) + part(input.method) + part(input.host) + part(input.url) + part(media.text) + part(`${input.headers.length}`)
  for (const [name, value] of input.headers) text += part(name) + part(value)
  return text + part(input.normalize) + part(provider) + part(form)
}

/** `text` with its length in UTF-16 code units. Lone surrogates, which UTF-8 would make all alike, are written as escapes and marked. */
export function part(text: string): string {
  if (!SURROGATE.test(text) || !LONE_SURROGATE.test(text)) return `${text.length}:${text}`
  const escaped = JSON.stringify(text)
  return `${escaped.length}!${escaped}`
}

/** As `part`, for text that is well-formed already: canonical JSON, a digest, or nothing. */
export function wellFormedPart(text: string): string {
  return `${text.length}:${text}`
}

const SURROGATE = /[\ud800-\udfff]/
const LONE_SURROGATE = /\p{Surrogate}/u
