/** Preloading: what a caller is likely to ask next is asked ahead, where that is expected to pay. docs/decisions/0019-preloading.md. */

import type { EngineContext } from '../../engine/context.js'
import type { DetachedResult } from '../../engine/detached.js'
import { errorName } from '../../engine/emitter.js'
import type { ResolvedPreload } from '../../engine/preload-options.js'
import type { Lookedup, TrafficListener } from '../../engine/traffic.js'
import type { ExchangeLabels, ModelLabels, PreloadSource } from '../../events.js'
import { createBudget, MAX_SPENDING_MS, type Spending } from '../../policy/budget.js'
import type { Removal } from '../../stores/hearing.js'
import { hashKey } from '../../stores/sketch.js'
import { createFollowups, type Prediction } from './followups.js'
import { hourBucket, type Moment, PRELOAD_SOURCES, type Shares } from './habits.js'
import { createPartitions, digestOf, type PartitionState, prefixOf } from './partitions.js'
import { createGauge, type Gauge, MOST_CALIBRATION } from './precision.js'
import { createShelf, type Held } from './shelf.js'
import type { PreloadStats } from './stats.js'
import { type Attempt, createWaitingList } from './waiting.js'
import { createEstimates, type Estimate, expectedGain, gainOf, lossOf } from './worth.js'

export interface Preloader {
  /** For `context.traffic`. */
  readonly listen: TrafficListener
  /**
   * Forgets what was learnt of these keys, and lets go of the requests held for them. Where entries are meant by what they are, only
   * that their answers were there.
   */
  forget(removal: Removal): void
  stats(): PreloadStats
  close(): void
}

/** What is taken of the engine. */
export type PreloadContext = Pick<EngineContext, 'clock' | 'emitter' | 'detached' | 'flights' | 'marks' | 'costOf'>

interface Candidate {
  readonly key: string
  readonly held: Held
  readonly source: PreloadSource
  /** As such predictions have come true. */
  readonly probability: number
  /** As the counts say. */
  readonly raw: number
  readonly estimate: Estimate
  readonly gain: number
}

/** A request is held, and may be predicted, from so many times on. */
const LEAST_SEEN = 2
/** Predictions made at one request. */
const MAX_CANDIDATES = 3
/** A prediction that has not come true after so long is wrong, in ms, even where the answer is fresh for longer. */
const HORIZON_MS = 60 * 60_000
/** Up to so many ms are waited before sending. */
const JITTER_MS = 200
/** How long an app that cannot be asked again is not tried, in ms. */
const UNABLE_MS = 60_000
/** An answer that was there already is not tried again for so long, in ms; its own lifetime is not known. */
const RECHECK_MS = 5 * 60_000

export function createPreloader(context: PreloadContext, options: ResolvedPreload): Preloader {
  const { clock, emitter, detached, flights, marks, costOf } = context
  const { minPrecision, usdPerSecond } = options
  const partitions = createPartitions(options.maxPartitions, minPrecision)
  const shelf = createShelf({ maxBytes: options.maxHeldBytes, maxAgeMs: options.holdMs, clock })
  const estimates = createEstimates(costOf)
  const stopListening = emitter.on(estimates.listen)
  const budget = createBudget(options.budget, clock)
  const gauges = Object.fromEntries(PRELOAD_SOURCES.map((source) => [source, createGauge({ minPrecision, clock })])) as Record<
    PreloadSource,
    Gauge
  >
  const followups = createFollowups(judged)
  const waiting = createWaitingList<Candidate>(clock, attempt)
  const count = { sent: 0, stored: 0, used: 0, wasted: 0, usd: 0, usedUsd: 0, savedMs: 0 }
  let unableUntil = Number.NEGATIVE_INFINITY
  let closed = false

  function listen(looked: Lookedup): void {
    if (closed || !looked.rule.preload) return
    try {
      const moment = { at: clock.monotonic(), bucket: hourBucket(clock.now()) }
      const prefix = prefixOf(looked.key)
      const state = partitions.of(prefix)
      waiting.drop(looked.key)
      followups.heard(looked, moment.at)
      followups.sweep(moment.at)
      learn(looked, state, moment)
      for (const candidate of candidates(prefix, state, moment)) foresee(candidate, state)
    } catch (error) {
      emitter.emit({ type: 'internal-error', at: clock.now(), where: 'preload', errorName: errorName(error) })
    }
  }

  function learn(looked: Lookedup, { habits }: PartitionState, moment: Moment): void {
    const { key, rule, entry, outcome } = looked
    const digest = digestOf(key)
    habits.observe(digest, moment)
    const held = habits.seen(digest) >= LEAST_SEEN ? shelf.keep(looked) : undefined
    if (!held) return
    if (entry) held.estimate = estimates.of(entry, looked.shape)
    held.freshUntil = entry && outcome === 'hit' ? entry.staleAt : clock.now() + rule.ttlMs
  }

  /** What is worth preloading for this partition now, the best first. */
  function candidates(prefix: string, { habits }: PartitionState, moment: Moment): Candidate[] {
    const now = clock.now()
    const found: Candidate[] = []
    for (const { digest, shares } of habits.prospects(moment, minPrecision / MOST_CALIBRATION)) {
      const key = prefix + digest
      const held = shelf.get(key)
      // Not where its last answer was not stored: the next would not be either.
      if (!held || held.freshUntil > now || followups.has(key) || waiting.has(key) || marks.lastSkip(key) !== undefined) continue
      const estimate = held.estimate ?? estimates.typical(held.shape)
      if (!estimate) continue
      const weighed = weigh(shares)
      const gain = expectedGain(weighed.probability, estimate, usdPerSecond)
      const candidate = { key, held, ...weighed, estimate, gain }
      // What would do if the counts were to be believed is watched, or else nobody would notice when they are again.
      if (isWorth(candidate) || (weighed.raw >= minPrecision && expectedGain(weighed.raw, estimate, usdPerSecond) > 0))
        found.push(candidate)
    }
    return found.sort((a, b) => b.gain - a.gain).slice(0, MAX_CANDIDATES)
  }

  function isWorth({ probability, gain }: Pick<Candidate, 'probability' | 'gain'>): boolean {
    return probability >= minPrecision && gain > 0
  }

  /** Each level counts as much as such predictions have come true. */
  function weigh(shares: Shares): Pick<Candidate, 'source' | 'probability' | 'raw'> {
    let source: PreloadSource = 'habit'
    let probability = 0
    let raw = 0
    for (const candidate of PRELOAD_SOURCES) {
      raw += shares[candidate]
      probability += shares[candidate] * gauges[candidate].calibration
      if (shares[candidate] > shares[source]) source = candidate
    }
    return { source, raw, probability: Math.min(probability, 1) }
  }

  function foresee(candidate: Candidate, { fortune }: PartitionState): void {
    if (isWorth(candidate) && gauges[candidate.source].on && fortune.good) waiting.add(candidate, hashKey(candidate.key) % JITTER_MS)
    else followups.add(predictionOf(candidate, false, clock.monotonic() + Math.min(candidate.held.ttlMs, HORIZON_MS)))
  }

  function predictionOf(candidate: Candidate, sent: boolean, until: number): Prediction {
    const { key, source, raw, estimate, held } = candidate
    const { route, shape } = held
    const decisive = isWorth(candidate)
    return { key, source, raw, decisive, estimate, route, shape, sent, since: clock.monotonic(), until, usd: undefined, used: undefined }
  }

  function labelsOf({ route, shape: { provider, model } }: Prediction): ExchangeLabels & ModelLabels {
    return { at: clock.now(), route, provider, model }
  }

  function attempt(candidate: Candidate): Attempt {
    const { held, estimate, key } = candidate
    if (shelf.get(key) !== held || held.freshUntil > clock.now() || followups.has(key) || clock.monotonic() < unableUntil) return 'dropped'
    if (flights.size - budget.state.running >= options.whileBelow) return 'later'
    const spending = budget.tryTake(estimate)
    // What runs has reserved more than it may take.
    if (!spending) return budget.state.running > 0 ? 'later' : 'dropped'
    const prediction = predictionOf(candidate, true, clock.monotonic() + MAX_SPENDING_MS)
    if (followups.add(prediction)) send(candidate, prediction, spending)
    else spending.release()
    return 'sent'
  }

  function send({ held, key, source, probability }: Candidate, prediction: Prediction, spending: Spending): void {
    count.sent++
    emitter.emit({ ...labelsOf(prediction), type: 'preload-started', source, probability })
    const sent = detached.create()
    const ended = held.request.again(sent.mark)
    if (ended) void ended.then(sent.abandon)
    else {
      unableUntil = clock.monotonic() + UNABLE_MS
      sent.abandon()
    }
    void sent.result.then((result) => {
      finish(held, prediction, spending, result)
      emitter.emit({
        ...labelsOf(prediction),
        type: 'preload-ended',
        source,
        outcome: result.kind,
        reason: result.kind === 'failed' ? result.reason : undefined,
        usd: result.kind === 'stored' || result.kind === 'failed' ? result.usd : undefined,
      })
      if (shelf.get(key) === held && result.kind === 'failed') shelf.drop(key)
      waiting.poke()
    })
  }

  function finish(held: Held, prediction: Prediction, spending: Spending, result: DetachedResult): void {
    const { key } = prediction
    switch (result.kind) {
      case 'stored':
        spending.end(result)
        count.stored++
        count.usd += result.usd ?? 0
        prediction.usd = result.usd
        // Whoever came meanwhile has received it as it was made.
        if (prediction.used) count.usedUsd += result.usd ?? 0
        prediction.until = clock.monotonic() + Math.min(held.ttlMs, HORIZON_MS)
        held.freshUntil = clock.now() + held.ttlMs
        return
      case 'failed':
        if (result.reason === 'not-reached') spending.release()
        else spending.end(result)
        count.usd += result.usd ?? 0
        prediction.usd = result.usd
        if (followups.get(key) === prediction) followups.fail(key)
        return
      default:
        spending.release()
        if (followups.get(key) === prediction) followups.drop(key)
        held.freshUntil = clock.now() + Math.min(held.ttlMs, RECHECK_MS)
    }
  }

  function judged(prediction: Prediction, used: boolean, savedMs: number): void {
    const { source, raw, decisive, estimate, usd, sent, key } = prediction
    if (sent) {
      if (used) count.used++
      else count.wasted++
      if (used) count.usedUsd += usd ?? 0
      count.savedMs += savedMs
      emitter.emit({ ...labelsOf(prediction), type: 'preload-judged', source, used, savedMs })
    }
    const { fortune } = partitions.of(prefixOf(key))
    const counts = sent || fortune.good
    if (decisive && fortune.note(used)) {
      emitter.emit({
        type: 'preload-switched',
        at: clock.now(),
        what: 'partition',
        on: fortune.good,
        reason: fortune.good ? 'proven' : 'precision',
      })
    }
    if (!counts) return
    const value = used ? gainOf(savedMs, usdPerSecond) : -(usd ?? lossOf(estimate, usdPerSecond))
    const reason = gauges[source].note({ expected: raw, used, value, decisive })
    if (reason) emitter.emit({ type: 'preload-switched', at: clock.now(), what: source, on: gauges[source].on, reason })
  }

  return {
    listen,
    forget(removal) {
      if ('meant' in removal && removal.meant) {
        shelf.doubt(removal.prefix)
        return
      }
      partitions.forget(removal)
      shelf.forget(removal)
      followups.forget(removal)
      waiting.forget(removal)
    },
    stats() {
      followups.sweep(clock.monotonic())
      const judgedCount = count.used + count.wasted
      const sources = Object.fromEntries(
        PRELOAD_SOURCES.map((source) => {
          const { on, precision } = gauges[source]
          return [source, { on, precision: precision.share, lower: precision.lower, count: precision.count }]
        }),
      ) as PreloadStats['sources']
      return {
        ...count,
        precision: judgedCount === 0 ? 0 : count.used / judgedCount,
        sources,
        partitions: partitions.count(),
        heldBytes: shelf.bytes,
        budget: budget.state,
      }
    },
    close() {
      closed = true
      stopListening()
      waiting.close()
    },
  }
}
