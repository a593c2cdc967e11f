/**
 * Refreshing ahead: popular answers are fetched anew before their freshness ends, so that nobody waits for them. What is worth most
 * comes first, within a budget; nothing here ever delays a hit, and a refresh that fails leaves its entry as it was.
 */

import { LRUCache } from 'lru-cache'
import type { CostFunction } from '../cost/cost.js'
import type { Entry } from '../entry/entry.js'
import { atMost } from '../lib/at-most.js'
import { type BudgetLimits, type BudgetState, createBudget, type Spending } from '../policy/budget.js'
import type { Clock } from '../ports.js'
import type { Removal } from '../stores/hearing.js'
import { createPopularity, type Tally } from './ahead-popularity.js'
import { type AheadValue, aheadValue, lifetimeOf } from './ahead-value.js'
import type { EngineContext } from './context.js'
import type { DetachedResult } from './detached.js'
import type { Refresher } from './refresh.js'
import type { Lookedup, TrafficListener } from './traffic.js'

export interface AheadParts {
  readonly clock: Clock
  /** 0 to 1, for jitter. */
  readonly random: () => number
  readonly costOf: CostFunction
  /** What all of it may cost. */
  readonly budget: BudgetLimits
  /**
   * Fetches a new answer in the background, under the key's lease, unless the last attempt failed a short while ago: then it answers
   * false. `ended` is called once where it answered true.
   */
  readonly refresh: (looked: Lookedup, ended: (result: DetachedResult) => void) => boolean
  /** Whether the app can be asked again by way of this request. */
  readonly can: (looked: Lookedup) => boolean
  /** What the cache has under the key of `entry` now, where that is known without waiting; `entry` where it is not. */
  readonly current: (entry: Entry) => Entry | undefined
}

export interface AheadState {
  /** Answers that will be refreshed if they are still popular when it is time. */
  readonly waiting: number
  readonly budget: BudgetState
}

export interface Ahead {
  readonly listen: TrafficListener
  /** Lets go of what was planned for these keys. */
  forget(removal: Removal): void
  readonly state: AheadState
  /** Nothing is started any more. Idempotent. */
  close(): void
}

interface Candidate {
  /** The last request that was answered with it: the one whose credentials are the newest. */
  readonly looked: Lookedup
  readonly entry: Entry
  /** 0 to 1: when within the time ahead, 0 being its end. What was filled together is so not refreshed together. */
  readonly moment: number
  readonly value: AheadValue
  readonly tally: Tally
}

/** Requests are kept for what is worth most; each may hold its body. */
export const MAX_WAITING: number = 200
/** No request is kept for longer before its refresh is due, in ms. */
const MAX_KEPT_MS = 10 * 60_000
/** The last part of the time ahead is left for the refresh itself. */
const LEAST_AHEAD = 0.1
/** How often to look whether the budget has room again, in ms: it is counted in minutes. */
const BUDGET_PAUSE_MS = 60_000
/** What has just been tried is not tried again at once, in ms: another process may be at it. */
const REST_MS = 5000
const MAX_RESTING = 10_000
const NOT_STARTED: DetachedResult = { kind: 'elsewhere' }

/** Refreshing ahead for a cache. */
export function openAhead(context: EngineContext, refresher: Refresher): Ahead {
  const { store, clock, random, costOf } = context
  return createAhead({
    clock,
    random,
    costOf,
    budget: context.cache.aheadBudget,
    can: (looked) => refresher.can(looked),
    refresh: (looked, ended) => refresher.start(looked, 'ahead', ended) === 'running',
    current(entry) {
      const near = store.peek(entry.key, () => false)
      if (near.kind === 'found') return near.entry
      return store.synchronous ? undefined : entry
    },
  })
}

export function createAhead({ clock, random, costOf, budget: limits, refresh, can, current }: AheadParts): Ahead {
  const popularity = createPopularity(clock)
  const budget = createBudget(limits, clock)
  const waiting = new Map<string, Candidate>()
  /** Keys whose refresh is under way, and those whose refresh has just ended, until when. */
  const resting = new LRUCache<string, number>(atMost(MAX_RESTING))
  let timer: { readonly at: number; readonly cancel: () => void } | undefined
  /** Nothing that waits is worth less, in USD. */
  let floor = 0
  let closed = false

  /** What refreshing it is worth; undefined where that is nothing. */
  function judge({ rule: { ahead } }: Lookedup, entry: Entry, tally: Tally): AheadValue | undefined {
    const hits = tally.count()
    if (!ahead || hits < ahead.hits) return undefined
    const value = aheadValue(entry, hits, ahead.windowMs, costOf)
    return value.gain > 0 ? value : undefined
  }

  function listen(looked: Lookedup): void {
    const { rule, key, outcome, entry } = looked
    if (closed || !rule.ahead || outcome === 'miss') return
    const tally = popularity.add(key, rule.ahead.windowMs)
    if (outcome !== 'hit' || !entry || (resting.get(key) ?? 0) > clock.monotonic()) return
    const before = waiting.get(key)
    const known = before?.entry.id === entry.id
    if (known && !can(looked)) return
    if (before) waiting.delete(key)
    const keptMs = Math.min(rule.ahead.windowMs, MAX_KEPT_MS)
    if (clock.now() < dueAt(looked, entry, 1) - keptMs) return
    const moment = known ? before.moment : LEAST_AHEAD + (1 - LEAST_AHEAD) * random()
    const value = clock.now() < dueAt(looked, entry, moment) - keptMs ? undefined : judge(looked, entry, tally)
    if (value && can(looked)) admit({ looked, entry, moment, value, tally })
  }

  /** When to refresh `entry`, in ms since the epoch. */
  function dueAt({ rule: { ahead } }: Lookedup, entry: Entry, moment: number): number {
    return entry.staleAt - lifetimeOf(entry) * (ahead?.share ?? 0) * moment
  }

  /** Where there are too many, what is worth least goes. */
  function admit(candidate: Candidate): void {
    const { gain } = candidate.value
    if (waiting.size >= MAX_WAITING) {
      if (!(gain > floor)) return
      const [least, next] = [...waiting.values()].sort((a, b) => a.value.gain - b.value.gain)
      floor = Math.min(gain, next?.value.gain ?? gain)
      if (least) waiting.delete(least.looked.key)
    } else floor = waiting.size === 0 ? gain : Math.min(floor, gain)
    waiting.set(candidate.looked.key, candidate)
    wakeAt(dueAt(candidate.looked, candidate.entry, candidate.moment))
  }

  function wakeAt(at: number): void {
    if (timer && timer.at <= at) return
    timer?.cancel()
    const cancel = clock.schedule(Math.max(0, at - clock.now()), () => {
      timer = undefined
      work()
    })
    timer = { at, cancel }
  }

  /** Takes out what is not worth it any more, and answers what is due, best first; the rest wakes this up when it is. */
  function takeStock(): Candidate[] {
    const now = clock.now()
    const due: Candidate[] = []
    for (const [key, { looked, entry, moment, tally }] of waiting) {
      const latest = current(entry)
      const value = judge(looked, entry, tally)
      // Too late, overtaken, or nobody asks for it any more.
      if (!value || latest?.id !== entry.id || !(now < latest.staleAt)) {
        waiting.delete(key)
        continue
      }
      const candidate = { looked, entry: latest, moment, value, tally }
      waiting.set(key, candidate)
      const at = dueAt(looked, latest, moment)
      if (at > now) wakeAt(at)
      else due.push(candidate)
    }
    return due.sort((a, b) => b.value.gain - a.value.gain)
  }

  /** Starts what is due, as far as the budget goes. */
  function work(): void {
    for (const { looked, value } of takeStock()) {
      const spending = budget.tryTake(value.estimate)
      if (spending) {
        waiting.delete(looked.key)
        resting.set(looked.key, Number.POSITIVE_INFINITY)
        if (!refresh(looked, (result) => settle(looked.key, spending, result))) settle(looked.key, spending, NOT_STARTED)
        continue
      }
      wakeAt(clock.now() + BUDGET_PAUSE_MS)
      // Where all are at work, the next that ends goes on; where there is too little left for this one, another may cost less.
      if (budget.shortOf(value.estimate) === 'concurrency') return
    }
  }

  function settle(key: string, spending: Spending, result: DetachedResult): void {
    resting.set(key, clock.monotonic() + REST_MS)
    if (result.kind === 'fresh' || result.kind === 'elsewhere') spending.release()
    else spending.end(result)
    if (!closed && waiting.size > 0) wakeAt(clock.now())
  }

  return {
    listen,
    forget(removal) {
      popularity.forget(removal)
      if ('keys' in removal) for (const key of removal.keys) waiting.delete(key)
      else for (const key of [...waiting.keys()]) if (key.startsWith(removal.prefix)) waiting.delete(key)
    },
    get state() {
      return { waiting: waiting.size, budget: budget.state }
    },
    close() {
      closed = true
      timer?.cancel()
      timer = undefined
      waiting.clear()
      resting.clear()
      popularity.clear()
    },
  }
}
