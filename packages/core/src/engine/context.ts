/** What the engine's parts share: one object, made once by `createLlmCache`. */

import type { Compression } from '../compression/compression.js'
import type { CostFunction } from '../cost/cost.js'
import type { ExchangeLabels, ModelLabels, SkipReason } from '../events.js'
import type { CacheRequest } from '../exchange.js'
import type { RequestShape } from '../fingerprint/fingerprint.js'
import type { Clock, UpstreamWatch } from '../ports.js'
import type { SemanticLayer } from '../semantic/layer.js'
import type { StoreTiers } from '../stores/tiers.js'
import type { ResolvedCache } from './cache-options.js'
import type { DetachedTable } from './detached.js'
import type { Emitter } from './emitter.js'
import type { FlightTable } from './flight.js'
import type { Marks } from './marks.js'
import type { Rejections } from './rejections.js'
import type { TrafficListener } from './traffic.js'

export interface EngineContext {
  readonly cache: ResolvedCache
  readonly store: StoreTiers
  readonly compression: Compression
  readonly flights: FlightTable
  readonly marks: Marks
  readonly upstream: UpstreamWatch
  readonly clock: Clock
  readonly emitter: Emitter
  readonly randomId: () => string
  /** 0 to 1, for jitter. */
  readonly random: () => number
  /** US dollars of an answer, where its model's price is known. */
  readonly costOf: CostFunction
  readonly detached: DetachedTable
  readonly rejections: Rejections
  /** Where a route asks for answers to prompts that mean the same. */
  readonly semantic: SemanticLayer | undefined
  /** Who hears of each request that is looked up. */
  readonly traffic: readonly TrafficListener[]
}

/** Labels of an exchange at this moment: the framework may know the route only after its router ran. */
export function labelsOf(clock: Clock, request: CacheRequest, shape: RequestShape): ExchangeLabels & ModelLabels {
  return { at: clock.now(), route: request.route, provider: shape.provider, model: shape.model }
}

/** Reasons after which the next equal request need not hope to share an answer. */
export function isLeaderOnly(reason: SkipReason): boolean {
  return reason === 'handler-skip' || reason === 'superseded'
}
