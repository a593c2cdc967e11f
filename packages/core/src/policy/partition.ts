/** Partitions: who may share an entry. What cannot be determined is a bypass, never a shared partition. */

import { hmacSha256, sha256 } from '#platform'
import { OptionError } from '../errors.js'
import type { BypassReason, CacheRequest } from '../exchange.js'
import { isToken } from '../http/grammar.js'
import { describeValue, didYouMean } from '../lib/nearest.js'
import { credentialCookies } from './cookies.js'

/**
 * - `private`: requests with the same credentials share; those without any share one anonymous partition.
 * - `shared`: everybody shares.
 * - a function: those share for whom it returns the same non-empty text. Nothing, '', a throw or a rejection: bypass.
 */
export type PartitionOption = 'private' | 'shared' | ((request: CacheRequest) => string | undefined | Promise<string | undefined>)

/** Which fields tell callers apart under `partition: 'private'`. */
export interface CredentialsOptions {
  /** Field names, instead of DEFAULT_CREDENTIAL_HEADERS. `cookie` is not one of them: see `cookies`. */
  readonly headers?: readonly string[] | undefined
  /**
   * `all`: the Cookie field as it is; `none`: no cookies; a list: only these, for apps whose other cookies change from
   * request to request (analytics, rotating tokens). @default 'all'
   */
  readonly cookies?: 'all' | 'none' | readonly string[] | undefined
  /** With a secret the digest is an HMAC, so that who reads the store cannot test guesses of weak credentials. */
  readonly secret?: string | undefined
}

export type PartitionResult =
  /** `digest`: 22 characters of base64url (132 bits of SHA-256 or HMAC-SHA-256). */
  { readonly kind: 'ok'; readonly digest: string } | { readonly kind: 'bypass'; readonly reason: PartitionFailure }

export type PartitionFailure = Extract<BypassReason, 'no-partition' | 'partition-failed'>

export type Partitioner = (request: CacheRequest) => PartitionResult | Promise<PartitionResult>

/**
 * Fields by which apps, gateways and identity-aware proxies commonly tell callers apart. Broad on purpose: one too many
 * costs hits, one too few mixes users. Cookies count besides.
 */
export const DEFAULT_CREDENTIAL_HEADERS: readonly string[] = [
  'authorization',
  'proxy-authorization',
  // API keys.
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'ocp-apim-subscription-key',
  'x-functions-key',
  // Tokens and sessions.
  'x-auth-token',
  'x-access-token',
  'x-session-id',
  'x-session-token',
  'x-amz-security-token',
  // Names of users and tenants, which gateways set once they have authenticated somebody.
  'x-user-id',
  'x-tenant-id',
  'x-org-id',
  'x-organization-id',
  'x-account-id',
  'x-consumer-id',
  'x-authenticated-userid',
  'x-forwarded-user',
  'x-forwarded-email',
  'x-auth-request-user',
  'x-auth-request-email',
  'x-forwarded-client-cert',
  'remote-user',
  'x-remote-user',
  // Identity-aware proxies: AWS ALB, Azure App Service, Cloudflare Access, Google IAP.
  'x-amzn-oidc-identity',
  'x-ms-client-principal-id',
  'cf-access-jwt-assertion',
  'x-goog-iap-jwt-assertion',
  'x-goog-authenticated-user-id',
]

/**
 * Builds the function that names a request's partition. It never throws and never rejects; it answers at once unless
 * the option is a function that returns a promise. The digest's input is length-prefixed and begins with its kind, so
 * that no two partitions of different kinds or values coincide.
 *
 * @throws OptionError for an unknown kind or option, a name that is not a token, or options that leave nothing to tell callers apart
 */
export function createPartitioner(option: PartitionOption = 'private', credentials: CredentialsOptions = {}): Partitioner {
  const { headers, cookies, secret } = resolveCredentials(credentials)
  const digest = (kind: string, input: string): string => {
    const data = `llm-cache/partition/1 ${kind}:${input}`
    return (secret === undefined ? sha256(data) : hmacSha256(secret, data)).slice(0, DIGEST_LENGTH)
  }
  const ok = (kind: string, input: string): PartitionResult => ({ kind: 'ok', digest: digest(kind, input) })

  if (typeof option === 'function') {
    const judge = (value: unknown): PartitionResult => {
      if (value === undefined || value === null || value === '') return NO_PARTITION
      return typeof value === 'string' ? ok('function', part(value)) : PARTITION_FAILED
    }
    return (request) => {
      try {
        const value: unknown = option(request)
        return isThenable(value) ? Promise.resolve(value).then(judge, () => PARTITION_FAILED) : judge(value)
      } catch {
        return PARTITION_FAILED
      }
    }
  }
  if (option === 'shared') {
    const shared = ok('shared', '')
    return () => shared
  }
  if (option !== 'private') {
    const hint = didYouMean(option, ['private', 'shared'])
    throw invalid('partition', `is ${describeValue(option)}; it must be 'private', 'shared' or a function${hint}`)
  }
  const anonymous = ok('anonymous', '')
  return (request) => {
    try {
      let input = ''
      for (const name of headers) {
        const value = request.header(name)
        if (value !== undefined) input += part(name) + part(value)
      }
      if (cookies !== 'none') {
        const field = request.header('cookie')
        // ':' is in no field name, so cookies and fields cannot be taken for each other.
        if (field) for (const [name, value] of credentialCookies(field, cookies)) input += part(`cookie:${name}`) + part(value)
      }
      return input === '' ? anonymous : ok('private', input)
    } catch {
      return PARTITION_FAILED
    }
  }
}

const DIGEST_LENGTH = 22
const NO_PARTITION: PartitionResult = { kind: 'bypass', reason: 'no-partition' }
const PARTITION_FAILED: PartitionResult = { kind: 'bypass', reason: 'partition-failed' }
const OPTIONS: readonly string[] = ['headers', 'cookies', 'secret']
const SURROGATE = /[\ud800-\udfff]/

/** `text` with its length before it. UTF-8 makes all lone surrogates equal, JSON does not: 'j' marks that form. */
function part(text: string): string {
  if (!SURROGATE.test(text)) return `${text.length}:${text}`
  const escaped = JSON.stringify(text)
  return `${escaped.length}j${escaped}`
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

interface ResolvedCredentials {
  readonly headers: readonly string[]
  readonly cookies: 'all' | 'none' | readonly string[]
  readonly secret: string | undefined
}

function resolveCredentials(options: CredentialsOptions): ResolvedCredentials {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid('credentials', `must be an object such as { cookies: ['session'] }, not ${describeValue(options)}`)
  }
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name)) {
      throw new OptionError('ERR_OPTION_UNKNOWN', `credentials.${name}`, `unknown option credentials.${name}${didYouMean(name, OPTIONS)}`)
    }
  }
  const { headers = DEFAULT_CREDENTIAL_HEADERS, cookies = 'all', secret } = options
  if (secret !== undefined && (typeof secret !== 'string' || secret === ''))
    throw invalid('credentials.secret', 'must be a text that is not empty')
  const names = nameList('credentials.headers', headers).map((name) => name.toLowerCase())
  if (names.includes('cookie')) throw invalid('credentials.headers', `cannot contain 'cookie'; use credentials.cookies`)
  if (typeof cookies === 'string' && cookies !== 'all' && cookies !== 'none') {
    const hint = didYouMean(cookies, ['all', 'none'])
    throw invalid('credentials.cookies', `is ${describeValue(cookies)}; it must be 'all', 'none' or a list of names${hint}`)
  }
  const chosen = typeof cookies === 'string' ? cookies : unique(nameList('credentials.cookies', cookies))
  if (chosen.length === 0) throw invalid('credentials.cookies', `is an empty list; write 'none' for no cookies`)
  if (names.length === 0 && chosen === 'none') {
    throw invalid('credentials', `leave nothing to tell callers apart; if that is meant, write partition: 'shared'`)
  }
  return { headers: unique(names), cookies: chosen, secret }
}

function nameList(option: string, names: unknown): readonly string[] {
  if (!Array.isArray(names)) throw invalid(option, `must be a list of names, not ${describeValue(names)}`)
  return names.map((name: unknown, index) => {
    if (typeof name === 'string' && isToken(name)) return name
    throw invalid(`${option}[${index}]`, `is ${describeValue(name)}, which is not a valid name`)
  })
}

/** Sorted, so that the order in which the operator writes names changes no partition. */
function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort()
}

function invalid(option: string, message: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', option, `${option} ${message}`)
}
