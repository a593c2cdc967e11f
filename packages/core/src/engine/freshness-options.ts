/** How long an answer is fresh, and what it is good for after that. */

import { durationOf, invalid } from '../checks.js'
import { describeValue } from '../lib/nearest.js'
import type { AnswerView, RouteOptions } from './options.js'
import { POLICIES } from './policies.js'

/** The part of a route's rules that is about time. All in ms. */
export interface FreshnessRule {
  /** Freshness lifetime where neither `ttlOf`, the handler nor the caller names one. */
  readonly ttlMs: number
  /** The app's own choice for each answer; undefined: `ttlMs`. */
  readonly ttlOf: ((answer: AnswerView) => unknown) | undefined
  /** Up to this share of a lifetime is taken off it at random. 0 to 0.5. */
  readonly jitter: number
  /** Hits prolong freshness until this long after storing; undefined: they do not. */
  readonly slidingMs: number | undefined
  /** So long after its freshness ended an answer is sent at once while a new one is fetched. */
  readonly whileRevalidateMs: number
  /** So long it is sent where the origin fails. */
  readonly ifErrorMs: number
  /** An origin that has not begun to answer after this long counts as failing, for an answer within `ifErrorMs`. */
  readonly ifSlowMs: number | undefined
  /** How long an answer is kept after its freshness ended. */
  readonly retentionMs: number
}

const MAX_JITTER = 0.5

/**
 * @param lenient options that may leave another one without effect
 * @throws OptionError
 */
export function resolveFreshness(options: RouteOptions, lenient: (option: keyof RouteOptions) => boolean): FreshnessRule {
  const usual = POLICIES.balanced.values
  const { ttl = usual.ttl, sliding, staleIfSlow } = options
  const ttlOf = typeof ttl === 'function' ? ttl : undefined
  const ttlMs = durationOf('ttl', ttlOf ? usual.ttl : ttl, 0, 1)
  const whileRevalidateMs = durationOf('staleWhileRevalidate', options.staleWhileRevalidate ?? usual.staleWhileRevalidate, 0, 0)
  const ifErrorMs = durationOf('staleIfError', options.staleIfError ?? usual.staleIfError, 0, 0)
  const slidingMs = sliding === undefined ? undefined : durationOf('sliding', sliding, 0, 1)
  const slides = slidingMs !== undefined && slidingMs >= ttlMs
  if (slidingMs !== undefined && !slides && !lenient('ttl'))
    throw invalid('sliding', `(${slidingMs} ms) is shorter than ttl (${ttlMs} ms); it is the longest life that hits can give an answer`)
  const ifSlowMs = staleIfSlow === undefined ? undefined : durationOf('staleIfSlow', staleIfSlow, 0, 1)
  if (ifSlowMs !== undefined && ifErrorMs === 0 && !lenient('staleIfError'))
    throw invalid('staleIfSlow', 'would do nothing without staleIfError, which says how old the answer may be that is sent instead')
  return {
    ttlMs,
    ttlOf,
    jitter: jitterOf(options.jitter ?? usual.jitter),
    slidingMs: slides ? slidingMs : undefined,
    whileRevalidateMs,
    ifErrorMs,
    ifSlowMs: ifErrorMs === 0 ? undefined : ifSlowMs,
    retentionMs: Math.max(whileRevalidateMs, ifErrorMs),
  }
}

function jitterOf(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= MAX_JITTER) return value
  throw invalid('jitter', `is ${describeValue(value)}; it must be a share of the lifetime from 0 to ${MAX_JITTER}`)
}
