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
import { createCalibration } from './calibration.js'
import { type Counted, createFollowups, type Prediction } from './followups.js'
import { hourBucket, type Moment, PRELOAD_SOURCES, type Prospect } from './habits.js'
import { createPartitions, digestOf, type PartitionState, prefixOf } from './partitions.js'
import { createGauge } from './precision.js'
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
  readonly probability: number
  readonly counted: Counted
  readonly estimate: Estimate
  readonly gain: number
  /** It is likely enough, and pays. Others are only watched, so that it is noticed when they are likelier than they seem. */
  readonly decisive: boolean
}

/** A request is held, and may be predicted, from so many times on. */
const LEAST_SEEN = 2
/** Predictions made at one request, to be acted upon or to be watched. */
const MAX_CANDIDATES = 3
/** What is less likely by its counts is not even watched. */
const LEAST_WATCHED = 0.2
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
  const gauges = bySource(() => createGauge({ minPrecision, clock }))
  const calibrations = bySource(createCalibration)
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

  /** What may be asked in this partition soon and is not there, what is worth asking for first. */
  function candidates(prefix: string, { habits }: PartitionState, moment: Moment): Candidate[] {
    const now = clock.now()
    const found: Candidate[] = []
    for (const prospect of habits.prospects(moment, LEAST_WATCHED)) {
      const key = prefix + prospect.digest
      const held = shelf.get(key)
      // Not where its last answer was not stored: the next would not be either.
      if (!held || held.freshUntil > now || waiting.has(key) || marks.lastSkip(key) !== undefined) continue
      const estimate = held.estimate ?? estimates.typical(held.shape)
      if (!estimate) continue
      const weighed = weigh(prospect)
      const gain = expectedGain(weighed.probability, estimate, usdPerSecond)
      const decisive = weighed.probability >= minPrecision && gain > 0
      if (!followups.has(key, decisive)) found.push({ key, held, ...weighed, estimate, gain, decisive })
    }
    const best = found.sort((a, b) => b.gain - a.gain)
    return [true, false].flatMap((decisive) => best.filter((candidate) => candidate.decisive === decisive).slice(0, MAX_CANDIDATES))
  }

  /** The counts' word, and what has come of such counts. */
  function weigh({ shares, source, evidence }: Prospect): Pick<Candidate, 'source' | 'probability' | 'counted'> {
    const raw = shares['follow-up'] + shares.hour + shares.habit
    return { source, counted: { raw, evidence }, probability: calibrations[source].of(raw, evidence) }
  }

  function foresee(candidate: Candidate, { fortune }: PartitionState): void {
    if (candidate.decisive && gauges[candidate.source].on && fortune.good) waiting.add(candidate, hashKey(candidate.key) % JITTER_MS)
    else followups.add(predictionOf(candidate, false, clock.monotonic() + Math.min(candidate.held.ttlMs, HORIZON_MS)))
  }

  function predictionOf(candidate: Candidate, sent: boolean, until: number): Prediction {
    const { key, source, counted, decisive, estimate, held } = candidate
    const { route, shape } = held
    return {
      key,
      source,
      counted,
      decisive,
      estimate,
      route,
      shape,
      sent,
      since: clock.monotonic(),
      until,
      usd: undefined,
      used: undefined,
    }
  }

  function labelsOf({ route, shape: { provider, model } }: Prediction): ExchangeLabels & ModelLabels {
    return { at: clock.now(), route, provider, model }
  }

  function attempt(candidate: Candidate): Attempt {
    const { held, estimate, key } = candidate
    if (shelf.get(key) !== held || held.freshUntil > clock.now() || followups.has(key, true) || clock.monotonic() < unableUntil)
      return 'dropped'
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
      sent.abandon('not-sent')
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
        spending.end(result)
        count.usd += result.usd ?? 0
        prediction.usd = result.usd
        followups.fail(prediction)
        return
      default:
        spending.release()
        followups.drop(prediction)
        held.freshUntil = clock.now() + Math.min(held.ttlMs, RECHECK_MS)
    }
  }

  function judged(prediction: Prediction, used: boolean, savedMs: number): void {
    const { source, counted, decisive, estimate, usd, sent, key } = prediction
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
    calibrations[source].note(counted.raw, counted.evidence, used)
    if (!decisive) return
    const value = used ? gainOf(savedMs, usdPerSecond) : -(usd ?? lossOf(estimate, usdPerSecond))
    const reason = gauges[source].note({ used, value })
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

function bySource<T>(make: () => T): Record<PreloadSource, T> {
  return { 'follow-up': make(), hour: make(), habit: make() }
}
