/** Partitions: who may share an entry. What cannot be determined is a bypass, never a shared partition. */

import { hmacSha256, sha256 } from '#platform'
import { checkNames, invalid } from '../checks.js'
import type { BypassReason, CacheRequest } from '../exchange.js'
import { isToken } from '../http/grammar.js'
import { isThenable } from '../lib/deadline.js'
import { describeValue, didYouMean } from '../lib/nearest.js'
import { credentialCookies } from './cookies.js'
import { isCredentialHeader } from './credential-names.js'

/**
 * - `private`: requests with the same credentials share; those without any share one anonymous partition.
 * - `shared`: everybody shares.
 * - a function: those share for whom it returns the same non-empty text. Nothing, '', a throw or a rejection: bypass.
 */
export type PartitionOption = 'private' | 'shared' | ((request: CacheRequest) => string | undefined | Promise<string | undefined>)

/** Which fields tell callers apart under `partition: 'private'`. */
export interface CredentialsOptions {
  /** Further field names, besides those that `isCredentialHeader` knows. `cookie` is not one of them: see `cookies`. */
  readonly headers?: readonly string[] | undefined
  /** Field names that do not tell callers apart here, such as a signature that changes with each request. */
  readonly ignore?: readonly string[] | undefined
  /**
   * `all`: the Cookie field as it is; `none`: no cookies; a list: only these, for apps whose other cookies change from
   * request to request (analytics, rotating tokens). @default 'all'
   */
  readonly cookies?: 'all' | 'none' | readonly string[] | undefined
  /** With a secret the digest is an HMAC, so that who reads the store cannot test guesses of weak credentials. */
  readonly secret?: string | undefined
}

/** Names a partition from outside a request, to erase it. */
export type PartitionSelector =
  /** What the partition function returned; 'shared' under `partition: 'shared'`. */
  | string
  /** The fields with the caller's credentials, as its requests carry them (`{ authorization: 'Bearer ...' }`), and its certificate's digest. */
  | { readonly headers: Readonly<Record<string, string>>; readonly identity?: string | undefined }

export type PartitionResult =
  /** `digest`: 22 characters of base64url (132 bits of SHA-256 or HMAC-SHA-256). */
  { readonly kind: 'ok'; readonly digest: string } | { readonly kind: 'bypass'; readonly reason: PartitionFailure }

export type PartitionFailure = Extract<BypassReason, 'no-partition' | 'partition-failed'>

export interface Partitioner {
  (request: CacheRequest): PartitionResult | Promise<PartitionResult>
  /** The digest of the partition that `selector` names under these rules; undefined where it names none. */
  digestOf(selector: PartitionSelector): string | undefined
  /** Partitioners with equal text name partitions alike, whatever function they ask. */
  readonly scheme: string
}

/**
 * Builds the function that names a request's partition. It never throws and never rejects; it answers at once unless
 * the option is a function that returns a promise. The digest's input is length-prefixed and begins with its kind, so
 * that no two partitions of different kinds or values coincide.
 *
 * @throws OptionError for an unknown kind or option, a name that is not a token, or options that leave nothing to tell callers apart
 */
export function createPartitioner(option: PartitionOption = 'private', credentials: CredentialsOptions = {}): Partitioner {
  const { isCredential, cookies, secret } = resolveCredentials(credentials)
  const digest = (kind: string, input: string): string => {
    const data = `llm-cache/partition/1 ${kind}:${input}`
    return (secret === undefined ? sha256(data) : hmacSha256(secret, data)).slice(0, DIGEST_LENGTH)
  }
  const kind = typeof option === 'function' ? 'function' : option
  const scheme = `${kind} ${JSON.stringify(kind === 'private' ? credentials : (secret ?? ''))}`
  const ok = (kind: string, input: string): PartitionResult => ({ kind: 'ok', digest: digest(kind, input) })

  if (typeof option === 'function') {
    const judge = (value: unknown): PartitionResult => {
      if (value === undefined || value === null || value === '') return NO_PARTITION
      return typeof value === 'string' ? ok('function', part(value)) : PARTITION_FAILED
    }
    const partitioner = (request: CacheRequest): PartitionResult | Promise<PartitionResult> => {
      try {
        const value: unknown = option(request)
        return isThenable(value) ? Promise.resolve(value).then(judge, () => PARTITION_FAILED) : judge(value)
      } catch {
        return PARTITION_FAILED
      }
    }
    return Object.assign(partitioner, {
      scheme,
      digestOf: (selector: PartitionSelector) => (typeof selector === 'string' ? digestIn(judge(selector)) : undefined),
    })
  }
  if (option === 'shared') {
    const shared = ok('shared', '')
    return Object.assign(() => shared, {
      scheme,
      digestOf: (selector: PartitionSelector) => (selector === 'shared' ? digestIn(shared) : undefined),
    })
  }
  if (option !== 'private') {
    const hint = didYouMean(option, ['private', 'shared'])
    throw invalid('partition', `is ${describeValue(option)}; it must be 'private', 'shared' or a function${hint}`)
  }
  const anonymous = ok('anonymous', '')
  const partitioner = (request: Pick<CacheRequest, 'header' | 'headerNames' | 'identity'>): PartitionResult => {
    try {
      let input = ''
      const names: string[] = []
      for (const name of request.headerNames()) if (isCredential(name)) names.push(name)
      // In one order, whatever the order they came in.
      if (names.length > 1) names.sort()
      for (const name of names) {
        const value = request.header(name)
        if (value !== undefined) input += part(name) + part(value)
      }
      // ':' is in no field name.
      if (request.identity !== undefined) input += part('tls:certificate') + part(request.identity)
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
  return Object.assign(partitioner, {
    scheme,
    digestOf(selector: PartitionSelector) {
      if (typeof selector === 'string') return undefined
      const fields = new Map(Object.entries(selector.headers).map(([name, value]) => [name.toLowerCase(), value]))
      return digestIn(partitioner({ header: (name) => fields.get(name), headerNames: () => fields.keys(), identity: selector.identity }))
    },
  })
}

/**
 * What `selector` names under each of the rules in use.
 *
 * @throws OptionError for what is no selector, or names nothing under any of them
 */
export function digestsOf(selector: PartitionSelector, partitioners: Iterable<Partitioner>): readonly string[] {
  const isHeaders = typeof selector === 'object' && selector !== null && isFields(selector.headers)
  if (!isHeaders && (typeof selector !== 'string' || selector === '')) {
    throw invalid('partition', `is ${describeValue(selector)}; it must be a text, or { headers: { authorization: '...' } }`)
  }
  const digests = new Set<string>()
  for (const { digestOf } of partitioners) {
    const digest = digestOf(selector)
    if (digest !== undefined) digests.add(digest)
  }
  if (digests.size > 0) return [...digests]
  const how = isHeaders
    ? 'no route tells callers apart by their credentials; name the partition as text'
    : "no route names partitions by a function; under 'private' they are named by { headers } with the caller's credentials"
  throw invalid('partition', `names nothing here: ${how}`)
}

function isFields(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every((field) => typeof field === 'string')
}

function digestIn(result: PartitionResult): string | undefined {
  return result.kind === 'ok' ? result.digest : undefined
}

const DIGEST_LENGTH = 22
const NO_PARTITION: PartitionResult = { kind: 'bypass', reason: 'no-partition' }
const PARTITION_FAILED: PartitionResult = { kind: 'bypass', reason: 'partition-failed' }
const OPTIONS: readonly string[] = ['headers', 'ignore', 'cookies', 'secret']
const MAX_KNOWN_NAMES = 500
const SURROGATE = /[\ud800-\udfff]/

/** `text` with its length before it. UTF-8 makes all lone surrogates equal, JSON does not: 'j' marks that form. */
function part(text: string): string {
  if (!SURROGATE.test(text)) return `${text.length}:${text}`
  const escaped = JSON.stringify(text)
  return `${escaped.length}j${escaped}`
}

interface ResolvedCredentials {
  readonly isCredential: (lowerName: string) => boolean
  readonly cookies: 'all' | 'none' | readonly string[]
  readonly secret: string | undefined
}

function resolveCredentials(options: CredentialsOptions): ResolvedCredentials {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid('credentials', `must be an object such as { cookies: ['session'] }, not ${describeValue(options)}`)
  }
  checkNames(options, OPTIONS, 'credentials')
  const { cookies = 'all', secret } = options
  if (secret !== undefined && (typeof secret !== 'string' || secret === ''))
    throw invalid('credentials.secret', 'must be a text that is not empty')
  const isCredential = createCredentialTest(options)
  if (typeof cookies === 'string' && cookies !== 'all' && cookies !== 'none') {
    const hint = didYouMean(cookies, ['all', 'none'])
    throw invalid('credentials.cookies', `is ${describeValue(cookies)}; it must be 'all', 'none' or a list of names${hint}`)
  }
  const chosen = typeof cookies === 'string' ? cookies : unique(nameList('credentials.cookies', cookies))
  if (chosen.length === 0) throw invalid('credentials.cookies', `is an empty list; write 'none' for no cookies`)
  return { isCredential, cookies: chosen, secret }
}

/**
 * Whether a field, by lower-case name, tells callers apart; cookies aside.
 * @throws OptionError for a name that is not a token, or one that is both added and ignored
 */
export function createCredentialTest({ headers = [], ignore = [] }: CredentialsOptions): (lowerName: string) => boolean {
  const added = new Set(nameList('credentials.headers', headers).map((name) => name.toLowerCase()))
  if (added.has('cookie')) throw invalid('credentials.headers', `cannot contain 'cookie'; use credentials.cookies`)
  const ignored = new Set(nameList('credentials.ignore', ignore).map((name) => name.toLowerCase()))
  for (const name of added) if (ignored.has(name)) throw invalid('credentials.ignore', `contains '${name}', as does credentials.headers`)
  // Names come from clients: what is remembered of them is bounded.
  const known = new Map<string, boolean>()
  return (name) => {
    const remembered = known.get(name)
    if (remembered !== undefined) return remembered
    const counts = added.has(name) || (!ignored.has(name) && isCredentialHeader(name))
    if (known.size < MAX_KNOWN_NAMES) known.set(name, counts)
    return counts
  }
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
