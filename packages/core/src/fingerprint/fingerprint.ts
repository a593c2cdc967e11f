/** The fingerprint of a request: which provider's shape it has, and the key of its answer. */

import { sha256 } from '#platform'
import type { BypassReason } from '../exchange.js'
import { canonicalJson } from '../lib/canonical.js'
import { headText, part, wellFormedPart } from './digest.js'
import { generic } from './generic.js'
import { normalized } from './normalize.js'
import { type FingerprintInput, type RequestReading, readRequest } from './reading.js'

export type { FingerprintInput, NormalizeMode } from './reading.js'

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

/** The key and shape of a request, or why it has none. Pure; never throws. `reading` is what `readRequest` made of it. */
export function fingerprint(input: FingerprintInput, reading: RequestReading = readRequest(input)): FingerprintResult {
  if (reading.kind === 'bypass') return reading
  const { media } = reading
  if (reading.kind === 'opaque') {
    const { form, content } = reading
    return keyed(input, OPAQUE, headText(VERSION, input, media, OPAQUE.provider, form) + (form === 'text' ? part : wellFormedPart)(content))
  }
  const { body, provider, context } = reading
  const shape: RequestShape = {
    provider: provider.id,
    kind: provider === generic ? 'generic' : 'provider',
    model: provider.model(body, context),
    refresh: provider.wantsRefresh?.(body) ?? false,
    expectsJson: provider.expectsJson?.(body) ?? false,
  }
  const content = canonicalJson(normalized(body, provider, context, input.normalize))
  return keyed(input, shape, headText(VERSION, input, media, provider.id, 'json') + wellFormedPart(content))
}

function keyed(input: FingerprintInput, shape: RequestShape, text: string): FingerprintResult {
  return { kind: 'key', key: `${VERSION}.${input.partition}.${sha256(text)}`, shape }
}

const VERSION = 'lc1'
const OPAQUE: RequestShape = { provider: 'opaque', kind: 'opaque', model: undefined, refresh: false, expectsJson: false }
