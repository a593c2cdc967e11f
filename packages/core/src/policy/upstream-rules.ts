/** Which outgoing requests count as asking a model. */

import { checkNames, wrongValue } from '../checks.js'
import type { IsModelCall } from '../ports.js'

/** See `UpstreamRule` in the options. */
export interface UpstreamRuleInput {
  readonly host: string
  readonly path?: string | undefined
}

/**
 * Paths of generation on any host, since gateways and local servers keep them. Embeddings and moderations are left out on
 * purpose: a handler that only embeds or screens a text (to file a comment, say) is not answering with a model.
 */
const ANY_HOST_PATHS: readonly RegExp[] = [
  /\/chat\/completions$/,
  /\/v1\/(?:completions|responses|messages|complete)$/,
  /:(?:generateContent|streamGenerateContent|rawPredict|streamRawPredict)$/,
  /\/model\/[^/]+\/(?:invoke|invoke-with-response-stream|converse|converse-stream)$/,
]

/** Paths that are too common to count on any but a provider's own host. */
const PROVIDER_PATHS = /\/(?:responses|messages|chat|generate|completions)$/

/** Hosts of model providers. */
const HOSTS: readonly RegExp[] = [
  /^api\.openai\.com$/,
  /\.openai\.azure\.com$/,
  /^api\.anthropic\.com$/,
  /^(?:generativelanguage|[\w-]*aiplatform)\.googleapis\.com$/,
  /^api\.(?:mistral\.ai|deepseek\.com|groq\.com|cohere\.com|cohere\.ai|together\.xyz|fireworks\.ai|perplexity\.ai|x\.ai|cerebras\.ai)$/,
  /^openrouter\.ai$/,
  /^bedrock-runtime\.[\w-]+\.amazonaws\.com$/,
]

const OLLAMA = /^\/api\/(?:chat|generate)$/
/** Bedrock embeds by the same path as it generates. */
const BEDROCK_EMBEDDING = /\/model\/[^/]*embed[^/]*\/invoke$/

/** @throws OptionError when a rule has no host or a path that does not begin with '/' */
export function createModelCallTest(extra: readonly UpstreamRuleInput[] = []): IsModelCall {
  if (!Array.isArray(extra)) {
    throw wrongValue('upstream', extra, "a list such as [{ host: 'llm.internal' }]")
  }
  for (const [index, rule] of extra.entries()) {
    checkNames(rule ?? {}, ['host', 'path'], `upstream[${index}]`)
    if (typeof rule?.host !== 'string' || !/^(?:\*\.)?[\w.-]+(?::\d+)?$/.test(rule.host))
      throw wrongValue(`upstream[${index}].host`, rule?.host, "a host name such as 'llm.internal:8000' or '*.example.com'")
    if (rule.path !== undefined && !(typeof rule.path === 'string' && rule.path.startsWith('/')))
      throw wrongValue(`upstream[${index}].path`, rule.path, "a text that begins with '/'")
  }
  return (host, path, method) => {
    if (method !== 'POST') return false
    const query = path.indexOf('?')
    const pathname = query === -1 ? path : path.slice(0, query)
    for (const rule of extra) if (hostMatches(rule.host.toLowerCase(), host) && pathname.startsWith(rule.path ?? '/')) return true
    if (BEDROCK_EMBEDDING.test(pathname)) return false
    if (ANY_HOST_PATHS.some((pattern) => pattern.test(pathname))) return true
    if (host.endsWith(':11434') && OLLAMA.test(pathname)) return true
    return HOSTS.some((pattern) => pattern.test(host.replace(/:\d+$/, ''))) && PROVIDER_PATHS.test(pathname)
  }
}

function hostMatches(rule: string, host: string): boolean {
  const bare = rule.includes(':') ? host : host.replace(/:\d+$/, '')
  return rule.startsWith('*.') ? bare.endsWith(rule.slice(1)) : bare === rule
}
