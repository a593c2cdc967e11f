/**
 * One typed stream of everything that happens. Names are subject-action. No event carries a prompt, an answer,
 * a credential, a key or a concrete path: labels are route pattern, provider, model, store and outcome only.
 */

import type { BypassReason } from './exchange.js'
import type { StoreEvent } from './ports.js'

/** Tokens of one answer as the provider billed them. Absent fields were not reported. */
export interface Usage {
  /** Input (prompt) tokens, cached ones included. */
  readonly inputTokens?: number
  /** Output (completion) tokens, reasoning tokens included. */
  readonly outputTokens?: number
  /** Input tokens that the provider read from its own prompt cache. */
  readonly cachedInputTokens?: number
}

/** Why an answer was not stored. Values are stable and safe as labels. */
export type SkipReason =
  /** Head: status other than 2xx, or 204/205/206. */
  | 'status'
  | 'set-cookie'
  | 'response-no-store'
  | 'response-private'
  | 'vary'
  | 'encoded'
  | 'content-range'
  /** Body, whatever the provider. */
  | 'empty'
  | 'too-large'
  | 'origin-error'
  | 'client-gone'
  | 'content-length-mismatch'
  | 'invalid-json'
  | 'unverified'
  /** Body, by the provider's protocol. */
  | 'error-body'
  | 'error-frame'
  | 'no-terminal-marker'
  | 'finish-length'
  | 'finish-content-filter'
  | 'finish-error'
  | 'finish-refusal'
  | 'finish-pause'
  | 'finish-unknown'
  | 'schema-mismatch'
  | 'tool-calls'
  | 'upstream-failed'
  /** The app or the caller said so, or nothing showed that a model was called. */
  | 'handler-skip'
  | 'complete-check'
  | 'no-model-call'
  | 'superseded'
  /** It was removed on purpose while it was being made. */
  | 'invalidated'
  /** Another process took the lead, since this one was silent for too long. */
  | 'lease-lost'
  | 'ttl-zero'
  | 'store-refused'
  | 'store-failed'

/** Fields that every exchange event carries. */
export interface ExchangeLabels {
  /** When, in ms since the epoch. */
  readonly at: number
  /** Route pattern as the framework names it; undefined when none is known. */
  readonly route: string | undefined
}

/** What answered: the model's id as sent, and which provider's shape the request had. */
export interface ModelLabels {
  readonly provider: string
  readonly model: string | undefined
}

export type CacheEvent =
  | (ExchangeLabels & { readonly type: 'exchange-bypass'; readonly reason: BypassReason })
  | (ExchangeLabels &
      ModelLabels & {
        readonly type: 'lookup-hit'
        readonly entryId: string
        readonly store: string
        /** Age of the entry in ms. */
        readonly ageMs: number
        readonly bytes: number
        /** Tokens this hit did not have to be billed for, if the origin reported them. */
        readonly usage: Usage | undefined
        /** What the origin took for this answer, in ms. */
        readonly originMs: number
        /** True when the client's own validator matched and 304 was sent. */
        readonly notModified: boolean
      })
  | (ExchangeLabels & ModelLabels & { readonly type: 'lookup-miss'; readonly reason: MissReason })
  | (ExchangeLabels & ModelLabels & { readonly type: 'flight-joined'; readonly entryId: string })
  | (ExchangeLabels &
      ModelLabels & {
        readonly type: 'flight-ended'
        readonly entryId: string
        readonly followers: number
        readonly usage: Usage | undefined
        readonly completed: boolean
      })
  | (ExchangeLabels & ModelLabels & { readonly type: 'flight-timeout'; readonly waitedMs: number })
  | (ExchangeLabels &
      ModelLabels & {
        readonly type: 'entry-stored'
        readonly entryId: string
        readonly bytes: number
        readonly originMs: number
        readonly usage: Usage | undefined
        readonly tags: number
      })
  | (ExchangeLabels &
      ModelLabels & {
        readonly type: 'entry-skipped'
        readonly entryId: string
        readonly reason: SkipReason
        readonly detail: string | undefined
      })
  | (StoreEvent & { readonly at: number })
  | { readonly type: 'internal-error'; readonly at: number; readonly where: string; readonly errorName: string }

/** Why a lookup did not answer from the cache: the `fwd` reasons of RFC 9211 section 2.2 that apply here. */
export type MissReason = 'absent' | 'expired' | 'request-directive' | 'store-failed'

export type CacheEventListener = (event: CacheEvent) => void
