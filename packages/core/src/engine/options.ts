/** The options, as users write them; `undefined` counts as absent. `resolve.ts` checks them and applies defaults, once. */

import type { CompressionOption } from '../compression/compression.js'
import type { PriceTable } from '../cost/cost.js'
import type { AppTarget } from '../dispatch/target.js'
import type { EncryptionOptions } from '../entry/codec.js'
import type { Usage } from '../events.js'
import type { CacheRequest } from '../exchange.js'
import type { NormalizeMode } from '../fingerprint/fingerprint.js'
import type { Duration } from '../lib/duration.js'
import type { ControlPolicy } from '../policy/controls.js'
import type { CredentialsOptions, PartitionOption } from '../policy/partition.js'
import type { Clock } from '../ports.js'
import type { SemanticOptions } from '../semantic/options.js'
import type { EvictionPolicy } from '../stores/memory.js'
import type { StoreOption } from '../stores/store.js'
import type { RefreshAheadBudgetOptions, RefreshAheadOptions } from './ahead-options.js'
import type { PatternsOptions } from './pattern-options.js'
import type { Policy, PolicyName } from './policies.js'
import type { PreloadOptions } from './preload-options.js'

/** How a recorded stream is sent: at once, with the origin's own rhythm, or at a steady rate. */
export type ReplayPace = 'instant' | 'recorded' | { readonly tokensPerSecond: number }

/**
 * What may answer a request. `exact`: an equal request's answer. `hybrid`: else one to a prompt that means the same. `semantic` is the
 * same as `hybrid`: equal requests always mean the same, and asking for them first costs next to nothing.
 */
export type Strategy = 'exact' | 'semantic' | 'hybrid'

/** What may differ from route to route. */
export interface RouteOptions {
  /** Whether answers to other prompts that mean the same may be sent: a measured risk. docs/semantic.md. @default 'exact' */
  readonly strategy?: Strategy | undefined
  /**
   * A whole set of values: by name, or the app's own. What an option says wins over what its policy says, and a route's policy over
   * the cache's options. docs/policies.md has the table.
   * @default the environment's LLM_CACHE_POLICY, else 'development' where NODE_ENV is 'development' (nothing is cached), else 'balanced'
   */
  readonly policy?: PolicyName | Policy | undefined
  /**
   * Freshness lifetime, 1 ms to 24.8 days; or a function of the answer that names one, for which 0 means: do not store. A function
   * that throws or answers with no duration: the answer is not stored.
   * @default '1h'
   */
  readonly ttl?: Duration | ((answer: AnswerView) => Duration) | undefined
  /** Up to this share of each lifetime is taken off it at random, so that what was stored together does not end together. 0 to 0.5. @default 0 */
  readonly jitter?: number | undefined
  /** Each hit makes an answer fresh for its whole lifetime again, until this long after it was stored. @default lifetimes are absolute */
  readonly sliding?: Duration | undefined
  /** So long after its freshness ended, an answer is sent at once, marked STALE, while one request in the background fetches a new one (RFC 5861). @default 0 */
  readonly staleWhileRevalidate?: Duration | undefined
  /** So long after its freshness ended, an answer is sent where the origin fails: 429, 5xx, an error, a stream without a first byte (RFC 5861). @default '1h' */
  readonly staleIfError?: Duration | undefined
  /** An answer within `staleIfError` is also sent where the origin has not begun to answer after this long; what it says then is stored. @default off */
  readonly staleIfSlow?: Duration | undefined
  /**
   * Answers that are asked for often are fetched anew in the background before their freshness ends, those worth most first: so nobody
   * waits for them. Needs a way to ask the app again, as the adapters have. @default false
   */
  readonly refreshAhead?: boolean | RefreshAheadOptions | undefined
  /**
   * What every answer of this route was made from: ids of documents, versions of templates, ids of other answers.
   * `cache.invalidate({ dependsOn: id })` retires what depends on it, directly or through other answers.
   */
  readonly dependsOn?: readonly string[] | ((request: CacheRequest) => readonly string[]) | undefined
  /**
   * Who may share an entry. `private`: requests with the same credentials; `shared`: everybody; a function: those
   * for whom it returns the same non-empty text. A function that returns nothing, throws or rejects: bypass.
   * @default 'private'
   */
  readonly partition?: PartitionOption | undefined
  /** Which fields carry credentials for `partition: 'private'`. */
  readonly credentials?: CredentialsOptions | undefined
  /**
   * Further request headers that change the answer and so belong to the key, besides the providers' own
   * (`anthropic-version`, `anthropic-beta`, `openai-organization`, `openai-project`, `openai-beta`).
   */
  readonly headers?: readonly string[] | undefined
  /**
   * What counts as the same request. `exact`: JSON key order only; `default`: also defaulted parameters and fields
   * known not to matter; `loose`: also rounded parameters, trimmed, case-folded prompts. Never `loose` for code.
   * @default 'default'
   */
  readonly normalize?: NormalizeMode | undefined
  /** Tags of every entry of this route. */
  readonly tags?: readonly string[] | ((request: CacheRequest) => readonly string[]) | undefined
  /** True: cache this request whatever its body looks like; false: bypass. Unset: only requests that look like model calls. */
  readonly when?: ((request: CacheRequest) => boolean | Promise<boolean>) | undefined
  /** Which directives callers may use in `Cache-Control` and `x-llm-cache-control`. */
  readonly controls?: ControlPolicy | undefined
  /** Whether simultaneous equal requests share one origin call, and how long one waits for another. @default { timeout: '60s' } */
  readonly collapse?: boolean | { readonly timeout?: Duration | undefined } | undefined
  /** Pace of replayed streams. @default 'instant' */
  readonly replay?: ReplayPace | undefined
  /**
   * Store answers that call tools, and send those that are stored. They may be acted upon, so not by default; and never sent when stale
   * but for `'even-stale'`. @default false
   */
  readonly toolCalls?: boolean | 'even-stale' | undefined
  /**
   * The app's own word on whether an answer is whole, asked after all other gates passed. It also vouches for streams of
   * free text, whose end nothing else proves. A throw counts as no.
   */
  readonly complete?: ((answer: AnswerView) => boolean) | undefined
  /** Largest request body in bytes that is read for the key; larger ones are bypassed. @default 4 MiB */
  readonly maxBodyBytes?: number | undefined
  /** False: requests of this route are never sent ahead, nor learnt from. @default true where the cache preloads */
  readonly preload?: boolean | undefined
}

/** An answer that is about to be stored. */
export interface AnswerView {
  readonly status: number
  readonly contentType: string
  readonly body: Uint8Array
  /** The model's id as the answer (or else the request) names it. */
  readonly model: string | undefined
  readonly usage: Usage | undefined
  /** The body as UTF-8 text. */
  text(): string
}

/** A model API that handlers call, besides the ones known already. */
export interface UpstreamRule {
  /** Host name, optionally with port; `*.example.com` covers subdomains. */
  readonly host: string
  /** Beginning of the path. @default '/' */
  readonly path?: string | undefined
}

/** Options of a cache; those of its routes are defaults that a route may override. */
export interface LlmCacheOptions extends Omit<RouteOptions, 'preload'> {
  /** As for a route, and what refreshing ahead may cost in all: `{ usdPerHour: 0.5 }`. @default false */
  readonly refreshAhead?: boolean | RefreshAheadBudgetOptions | undefined
  /**
   * What a caller is likely to ask next is asked ahead, in the background, through the app's own middleware and with the caller's own
   * request of before, which is held in memory for it with its credentials. Only for apps whose handlers do nothing but answer.
   * @default false
   */
  readonly preload?: boolean | PreloadOptions | undefined
  /** Name in `Cache-Status`: letters, digits and `-_.`. @default 'llm-cache' */
  readonly name?: string | undefined
  /** How answers are found to what has none of its own, where `strategy` is 'semantic' or 'hybrid'. docs/semantic.md. */
  readonly semantic?: SemanticOptions | undefined
  /**
   * Any Keyv instance or storage adapter, a store of this library, one of these with what holds for it as a tier, or several: tiers,
   * the nearest first. @default an LRU in this process
   */
  readonly store?: StoreOption | readonly StoreOption[] | undefined
  /** Bound of the in-process LRU. @default 5000 */
  readonly maxEntries?: number | undefined
  /** Bound of the in-process LRU, in bytes. @default 64 MiB */
  readonly maxBytes?: number | undefined
  /** What the in-process store lets go of first: `lru`, or what saves the least money and time for its size (`cost`). @default 'lru' */
  readonly eviction?: EvictionPolicy | undefined
  /** Largest answer in bytes that is stored. @default 4 MiB */
  readonly maxEntryBytes?: number | undefined
  /** How long one call of the store may take before the request goes on without it. @default '100ms' */
  readonly storeTimeout?: Duration | undefined
  /**
   * Bodies of entries are kept compressed, in all tiers, and sent as they are to clients that accept the coding. `auto` measures on
   * the app's own entries and picks. `zstd` before Node 22.15 and `lz4` are optional peers. @default false
   */
  readonly compression?: CompressionOption | undefined
  /**
   * AES-256-GCM for everything outside this process. Keys are 32 bytes in base64 or hex (`openssl rand -base64 32`): the first
   * writes, all read. What is not encrypted is not read any more. @default none
   */
  readonly encryption?: EncryptionOptions | undefined
  /** Where the one line for each change of a store's state goes; false: nowhere. @default console.warn */
  readonly log?: ((line: string) => void) | false | undefined
  /** Further model APIs whose calls show that a handler asks a model. Node only. */
  readonly upstream?: readonly UpstreamRule[] | undefined
  /** Prices that differ from the built-in list, for the savings in `stats()`. */
  readonly prices?: PriceTable | undefined
  /**
   * The app that this cache is part of, for requests that the cache itself sends to it: an Express or Koa app, a Node server, an object
   * with `fetch` such as a Hono app. A function, since the app is mostly made after its cache. Needed where requests do not tell
   * which server received them: with `Bun.serve`, `Deno.serve`, on Workers, and over HTTP/2. @default the server of each request
   */
  readonly app?: (() => AppTarget) | undefined
  /**
   * What is counted of the requests that are looked up, for `cache.usagePatterns()`: kinds of requests, in bounded memory, without
   * their text; false: nothing. `{ keepRequests: true }` is needed for `cache.warm('popular')`.
   * @default true
   */
  readonly patterns?: boolean | PatternsOptions | undefined
  /** Time source; for tests. @default the platform's */
  readonly clock?: Clock | undefined
}
