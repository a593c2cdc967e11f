/**
 * The semantic key of a request: its prompt, and everything else as one name. Two requests of one namespace differ in their prompts'
 * words alone: partition, model, system prompt, history, tools, response format, sampling parameters and attachments take part
 * exactly as in the cache key.
 */

import { sha256 } from '#platform'
import type { JsonObject } from '../lib/canonical.js'
import { canonicalJson } from '../lib/canonical.js'
import { headText, part, wellFormedPart } from './digest.js'
import { normalized } from './normalize.js'
import { type PromptSkip, withLeaf } from './prompt.js'
import { type FingerprintInput, type RequestReading, readRequest } from './reading.js'

/** Why a request has no semantic key. Values are stable and safe as labels. */
export type SemanticSkip =
  /** It has no cache key either. */
  | 'not-keyed'
  /** Its body is in no shape that is known. */
  | 'opaque-body'
  | PromptSkip

export type SemanticKey =
  | {
      readonly kind: 'prompt'
      /** The text of the user's last turn as received. Private. */
      readonly text: string
      /** `lc1.<partition>.<digest>`, never equal to a cache key. */
      readonly namespace: string
      /** Method, host, path, provider and model alone, [A-Za-z0-9_-]{22}: whose traffic is alike enough to learn from together. */
      readonly domain: string
    }
  | { readonly kind: 'none'; readonly reason: SemanticSkip }

/** Where a request stands among those that differ from it in words. Pure; never throws. `reading` is what `readRequest` made of it. */
export function semanticKeyOf(input: FingerprintInput, reading: RequestReading = readRequest(input)): SemanticKey {
  if (reading.kind === 'bypass') return { kind: 'none', reason: 'not-keyed' }
  if (reading.kind === 'opaque') return { kind: 'none', reason: 'opaque-body' }
  const { body, provider, context, media } = reading
  const prompt = provider.prompt?.(body) ?? 'no-prompt'
  if (typeof prompt === 'string') return { kind: 'none', reason: prompt }

  // No text stands where null stands now, and the place is part of the digest: only words at this very place make no difference.
  const rest = normalized(withLeaf(body, prompt.at, null) as JsonObject, provider, context, input.normalize)
  const content = wellFormedPart(canonicalJson(prompt.at)) + wellFormedPart(canonicalJson(rest))
  const digest = sha256(headText(NAMESPACE, input, media, provider.id, 'json') + content)
  const model = provider.model(body, context)
  const domain = [DOMAIN, input.method, input.host, context.path, provider.id, ...(model === undefined ? [] : [model])].map(part).join('')
  return {
    kind: 'prompt',
    text: prompt.text,
    namespace: `${PREFIX}.${input.partition}.${digest}`,
    domain: sha256(domain).slice(0, DOMAIN_LENGTH),
  }
}

/** What every key and namespace begins with, so that a partition's are erased together. */
const PREFIX = 'lc1'
/** Other than the version of cache keys: the two digests never cover the same text. */
const NAMESPACE = 'lc1-namespace-1'
const DOMAIN = 'lc1-domain-1'
const DOMAIN_LENGTH = 22
