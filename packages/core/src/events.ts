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

/** How near an answer was to a request that it was not made for. */
export interface SemanticLabels {
  /** Cosine. */
  readonly similarity: number | undefined
  /** Probability that it answers; undefined where the policy has none. */
  readonly probability: number | undefined
}

/** What was decided of a request without an answer of its own. No prompt and no answer is in it. */
export interface SemanticDecision {
  /** 'hit', or why no entry answers it (`NoMatchReason`). */
  readonly outcome: string
  /** `x-llm-cache-id` of the nearest entry; undefined, as all below, where there is none. */
  readonly entryId: string | undefined
  /** Cosine of the two prompts. */
  readonly similarity: number | undefined
  /** Names of the guards that refuse it. */
  readonly vetoes: readonly string[]
  /** Probability that it answers; undefined where a guard refused it, or the policy has none. */
  readonly probability: number | undefined
  /** What it is compared with: a probability, or a cosine where `probability` is undefined; Infinity where nothing is served. */
  readonly threshold: number | undefined
  /** Share of wrong answers among such hits that is reckoned with. */
  readonly error: number | undefined
  /** What the policy `adaptive` goes by, each about -4 to 4; undefined where a guard refused it. */
  readonly features: Readonly<Record<string, number>> | undefined
}

export type CacheEvent =
  /** A request without an answer of its own was compared with others. `outcome`: 'hit', or why nothing was sent (docs/semantic.md). */
  | (ExchangeLabels &
      ModelLabels &
      SemanticLabels & { readonly type: 'semantic-lookup'; readonly outcome: string; readonly threshold: number | undefined })
  /** The origin's answer was compared with the nearest one's. `verdict` undefined: no judge could tell. */
  | {
      readonly type: 'semantic-judged'
      readonly at: number
      readonly verdict: 'same' | 'different' | undefined
      readonly judge: string | undefined
      /** It would have been sent. */
      readonly audited: boolean
    }
  /** A judge asked a model to compare two answers; its provider bills this. */
  | (ModelLabels & { readonly type: 'judge-billed'; readonly at: number; readonly judge: string; readonly usage: Usage })
  | {
      readonly type: 'semantic-failed'
      readonly at: number
      readonly where: 'index' | 'learn' | 'policy' | 'router'
      readonly errorName: string
    }
  | {
      readonly type: 'embedder-failed'
      readonly at: number
      readonly embedder: string
      readonly reason: string
      /** Texts of the call. */
      readonly texts: number
    }
  /** An embedder's provider bills a call. */
  | (ModelLabels & { readonly type: 'embedder-billed'; readonly at: number; readonly embedder: string; readonly usage: Usage })
  | { readonly type: 'embedder-state'; readonly at: number; readonly embedder: string; readonly state: string }
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
        /** Why an answer whose freshness had ended was sent; undefined where it was fresh. */
        readonly stale: StaleReason | undefined
        /** How near it was, where it answered another prompt; left out where it is this request's own. */
        readonly semantic?: SemanticLabels & { readonly error: number | undefined }
      })
  | (ExchangeLabels & ModelLabels & { readonly type: 'lookup-miss'; readonly reason: MissReason })
  | (ExchangeLabels & ModelLabels & { readonly type: 'refresh-started'; readonly cause: RefreshCause })
  | (ExchangeLabels &
      ModelLabels & {
        readonly type: 'refresh-ended'
        readonly cause: RefreshCause
        /** `found`: another process had just stored one; `elsewhere`: another process is at it. */
        readonly outcome: 'stored' | 'found' | 'elsewhere' | 'failed'
        /** Why it failed. The entry is as it was. */
        readonly reason: RefreshFailure | undefined
      })
  | (ExchangeLabels &
      ModelLabels & {
        readonly type: 'preload-started'
        readonly source: PreloadSource
        /** That the caller will ask for it, 0 to 1. */
        readonly probability: number
      })
  | (ExchangeLabels &
      ModelLabels & {
        readonly type: 'preload-ended'
        readonly source: PreloadSource
        /** `fresh`: it was there already; `elsewhere`: another request is asking for it. */
        readonly outcome: 'stored' | 'fresh' | 'elsewhere' | 'failed'
        /** Why it failed. */
        readonly reason: RefreshFailure | undefined
        /** What it cost in US dollars, where that is known. */
        readonly usd: number | undefined
      })
  | (ExchangeLabels &
      ModelLabels & {
        /** It is known whether a preloaded answer was asked for in time; one that was not stored was not. */
        readonly type: 'preload-judged'
        readonly source: PreloadSource
        readonly used: boolean
        /** What the caller did not have to wait, in ms. */
        readonly savedMs: number
      })
  | {
      /** Predictions of one kind, or those for one caller, are acted upon from now on, or only watched. */
      readonly type: 'preload-switched'
      readonly at: number
      readonly what: PreloadSource | 'partition'
      readonly on: boolean
      readonly reason: PreloadSwitchReason
    }
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
  | {
      /** Its receiver found it wrong (`cache.reject`, `x-llm-cache-control: reject=`): it is gone. */
      readonly type: 'entry-rejected'
      readonly at: number
      readonly entryId: string
      /** The app's own label; 'by-caller' where a request said so, 'other' for what is no label, 'unspecified' where nothing was said. */
      readonly reason: string
      /** Undefined also where it was still being made. */
      readonly route: string | undefined
      readonly model: string | undefined
    }
  | {
      readonly type: 'schedule-ran'
      readonly at: number
      readonly scheduleId: string
      /** As in the report of the invalidation. */
      readonly matched: number
      readonly removed: number
    }
  /** Not everything could be removed, or the schedule could not be read. It is tried again, five times, before it waits for its next time. */
  | { readonly type: 'schedule-failed'; readonly at: number; readonly scheduleId: string; readonly errorName: string }
  | (StoreEvent & { readonly at: number })
  /** A run of warming ended; the counts are those of its report. */
  | {
      readonly type: 'warm-ended'
      readonly at: number
      readonly requests: number
      readonly warmed: number
      readonly alreadyCached: number
      readonly elsewhere: number
      readonly failed: number
      readonly skippedByBudget: number
      readonly stoppedBy: WarmStop
      readonly tokens: number
      readonly usd: number
      readonly durationMs: number
    }
  | { readonly type: 'internal-error'; readonly at: number; readonly where: string; readonly errorName: string }

/** Why a lookup did not answer from the cache: the `fwd` reasons of RFC 9211 section 2.2 that apply here. */
export type MissReason = 'absent' | 'expired' | 'request-directive' | 'store-failed'

/**
 * - `while-revalidate`: a new answer is being fetched in the background.
 * - `if-error`: the origin was asked and failed.
 * - `if-slow`: the origin was asked and has not begun to answer; it still may.
 * - `only-if-cached`: the caller did not want the origin to be asked.
 * - `max-stale`: the caller said that an answer as stale as this will do.
 */
export type StaleReason = 'while-revalidate' | 'if-error' | 'if-slow' | 'only-if-cached' | 'max-stale'

/**
 * Why an answer is fetched in the background: one that was asked for is stale, one that is popular will soon be, or the answer to another
 * prompt was sent and is to be verified.
 */
export type RefreshCause = 'stale' | 'ahead' | 'verify'

/** Why nothing came of it. `not-reached`: the request that was to fetch it did not come to this cache again. */
export type RefreshFailure = SkipReason | BypassReason | 'not-reached'

/**
 * Why a run of warming ended.
 *
 * - `end`: all requests were taken.
 * - `budget-tokens`, `budget-usd`: what is left of a bound does not cover another request.
 * - `cost-unknown`: an answer did not tell what it cost, so a bound could not be kept.
 * - `failures`: too many in a row.
 * - `signal`, `closed`: it was told to end, or the cache was closed.
 */
export type WarmStop = 'end' | 'budget-tokens' | 'budget-usd' | 'cost-unknown' | 'failures' | 'signal' | 'closed'

/**
 * What a prediction of the next request rests upon, mostly: what was asked before it, what is asked at this hour, or what is asked
 * in most sessions.
 */
export type PreloadSource = 'follow-up' | 'hour' | 'habit'

/** `proven`: enough came true; `precision`: too little did; `value`: what came true saved less than what did not cost. */
export type PreloadSwitchReason = 'proven' | 'precision' | 'value'

export type CacheEventListener = (event: CacheEvent) => void
