/** Requests of one kind: what is counted of them. */

import type { CostFunction } from '../../cost/cost.js'
import type { Lookedup } from '../../engine/traffic.js'
import type { Entry } from '../../entry/entry.js'
import type { WarmRequest } from '../warm/request.js'

/** Requests that are alike but for case, layout and rounding, of one partition. Holds nothing of their text. */
export interface UsagePattern {
  /** Tells this kind of request from others, in this process and all that share its keys. */
  readonly id: string
  /** Digest of the partition, as it stands in the keys of its entries. */
  readonly partition: string
  /** Route pattern, where the framework knew it. */
  readonly route: string | undefined
  readonly provider: string
  readonly model: string | undefined
  /** How many lately: each counts half after one half-life. Never too high; the order of the list. */
  readonly recent: number
  /** All since this kind is being counted. */
  readonly requests: number
  readonly hits: number
  /** Answered with an entry whose freshness had ended. */
  readonly stale: number
  /** Answered with what another request was just receiving. */
  readonly collapsed: number
  readonly misses: number
  /** Share of requests for which no model was asked, 0 to 1. */
  readonly hitRatio: number
  /** ms since the epoch. */
  readonly lastSeenAt: number
  /** What the model took for one answer, on average over those that were sent from the cache, in ms. */
  readonly originMs: number | undefined
  /** What one of these answers cost, on average, in US dollars. */
  readonly usd: number | undefined
  /** Whether `cache.warm('popular')` can send it again. */
  readonly replayable: boolean
}

export interface Group {
  readonly partition: string
  readonly provider: string
  readonly model: string | undefined
  readonly route: string | undefined
  hit: number
  stale: number
  miss: number
  collapsed: number
  lastSeenAt: number
  /** The last answer that was sent, and the sums over all different ones. */
  answerId: string | undefined
  answers: number
  originMs: number
  priced: number
  usd: number
  request: WarmRequest | undefined
  /** False once it turned out that its requests cannot be sent again. */
  mayKeep: boolean
}

export function createGroup({ key, shape, request, entry }: Lookedup): Group {
  return {
    partition: key.split('.')[1] as string,
    provider: shape.provider,
    model: shape.model,
    route: request.route ?? entry?.meta.route,
    hit: 0,
    stale: 0,
    miss: 0,
    collapsed: 0,
    lastSeenAt: 0,
    answerId: undefined,
    answers: 0,
    originMs: 0,
    priced: 0,
    usd: 0,
    request: undefined,
    mayKeep: true,
  }
}

export function noteAnswer(group: Group, { id, meta }: Entry, costOf: CostFunction): void {
  if (group.answerId === id) return
  group.answerId = id
  group.answers++
  group.originMs += meta.originMs
  const usd = meta.usage && costOf(meta.usage, meta.model, meta.provider)
  if (usd === undefined) return
  group.priced++
  group.usd += usd
}

export function viewOf(id: string, group: Group, recent: number): UsagePattern {
  const { partition, route, provider, model, hit, stale, collapsed, miss, lastSeenAt, answers, priced } = group
  const requests = hit + stale + collapsed + miss
  return {
    id,
    partition,
    route,
    provider,
    model,
    recent,
    requests,
    hits: hit,
    stale,
    collapsed,
    misses: miss,
    hitRatio: (requests - miss) / requests,
    lastSeenAt,
    originMs: answers === 0 ? undefined : group.originMs / answers,
    usd: priced === 0 ? undefined : group.usd / priced,
    replayable: group.request !== undefined,
  }
}
