/** What requests that the cache sends on its own account may cost: so many at once, and so much in any one hour. Pure. */

import type { Clock } from '../ports.js'

/** Bounds; what is left out is not bounded. */
export interface BudgetLimits {
  /** Requests under way at once, 1 or more. */
  readonly concurrency: number
  /** Within any 60 minutes, tokens as the provider bills them (input and output). */
  readonly perHour: { readonly tokens?: number | undefined; readonly usd?: number | undefined; readonly requests?: number | undefined }
}

/** What a request is thought to cost, or did. Left out: not known. */
export interface Costs {
  readonly tokens?: number | undefined
  readonly usd?: number | undefined
}

/** Room in the budget for one request, reserved until `end` or `release`, or for `MAX_SPENDING_MS` where neither comes. */
export interface Spending {
  /** It ended and cost this; what is not known counts as estimated. Idempotent. */
  end(actual: Costs): void
  /** No model was asked after all: it counts for nothing. Idempotent, and nothing after `end`. */
  release(): void
}

/** What a budget can be short of. */
export type BudgetBound = 'concurrency' | 'requests' | 'tokens' | 'usd'

export interface BudgetState {
  /** Requests under way. */
  readonly running: number
  /** What requests that ended in the last hour (to the minute) cost, and what those under way have reserved. */
  readonly lastHour: { readonly requests: number; readonly tokens: number; readonly usd: number }
  /** Bounds that are reached: until some of it is free again, nothing is started. */
  readonly exhausted: readonly BudgetBound[]
}

export interface Budget {
  /** Reserves what a request is thought to cost. Undefined where that is more than is left, or nothing is free. */
  tryTake(estimate: Costs): Spending | undefined
  /** What `tryTake` would fail by, and undefined where it would not. */
  shortOf(estimate: Costs): BudgetBound | undefined
  readonly state: BudgetState
}

/** After this long a request that nobody ended counts as ended, at what was estimated. */
export const MAX_SPENDING_MS: number = 10 * 60_000

/**
 * A budget of sliding hours, on monotonic time: no jump of the wall clock gives or takes anything. It is overrun by what requests under
 * way cost more than was estimated, and by nothing else.
 *
 * What a request costs that nobody can estimate is taken from the dearest of the last hour. As long as none is known, such a request
 * reserves all that is left, so that the first of them goes alone; where even the ends of three do not tell (a model without a price),
 * they count for nothing: `requests` is the bound that holds for those too.
 */
export function createBudget({ concurrency, perHour }: BudgetLimits, clock: Pick<Clock, 'monotonic'>): Budget {
  const running = new Set<{ readonly since: number; readonly reserved: Reserved; readonly estimate: Costs }>()
  const hour = createHour()
  /** Requests in a row that ended and told nothing of this, or that it was nothing. */
  const untold = { tokens: 0, usd: 0 }

  /** The minute that it is now. */
  function minute(): number {
    const now = clock.monotonic()
    for (const taken of running) {
      if (now - taken.since < MAX_SPENDING_MS) continue
      running.delete(taken)
      hour.add(minuteOf(now), costOf(taken.estimate))
    }
    hour.forget(minuteOf(now))
    return minuteOf(now)
  }

  /** What a request that is over counts as. */
  function costOf(known: Costs): Reserved {
    return { requests: 1, tokens: known.tokens ?? hour.dearest('tokens'), usd: known.usd ?? hour.dearest('usd') }
  }

  /** Spent in the last hour, and reserved. */
  function used(): Reserved {
    const total = { ...hour.total() }
    for (const { reserved } of running) {
      total.requests += reserved.requests
      total.tokens += reserved.tokens
      total.usd += reserved.usd
    }
    return total
  }

  function reserve(name: 'tokens' | 'usd', estimate: number | undefined, left: number): number {
    const dearest = hour.dearest(name)
    if (estimate !== undefined) return estimate
    if (dearest > 0) return dearest
    return untold[name] >= ENOUGH_UNTOLD || left === Number.POSITIVE_INFINITY ? 0 : left
  }

  /** What would be reserved, or what there is too little of. */
  function judge(estimate: Costs): Reserved | BudgetBound {
    minute()
    if (running.size >= concurrency) return 'concurrency'
    const spent = used()
    if (spent.requests + 1 > (perHour.requests ?? Number.POSITIVE_INFINITY)) return 'requests'
    const reserved = { requests: 1, tokens: 0, usd: 0 }
    for (const name of ['tokens', 'usd'] as const) {
      const left = (perHour[name] ?? Number.POSITIVE_INFINITY) - spent[name]
      reserved[name] = reserve(name, estimate[name], left)
      if (left <= 0 || reserved[name] > left) return name
    }
    return reserved
  }

  return {
    shortOf(estimate) {
      const judged = judge(amounts(estimate))
      return typeof judged === 'string' ? judged : undefined
    },
    tryTake(given) {
      const estimate = amounts(given)
      const reserved = judge(estimate)
      if (typeof reserved === 'string') return undefined
      const taken = { since: clock.monotonic(), reserved, estimate }
      running.add(taken)
      let ended = false
      return {
        end(actual) {
          if (ended) return
          ended = true
          const now = minute()
          const known = { ...estimate, ...amounts(actual) }
          for (const name of ['tokens', 'usd'] as const) untold[name] = known[name] || hour.dearest(name) > 0 ? 0 : untold[name] + 1
          const cost = costOf(known)
          // Where it was given up it has been counted as estimated; what it cost beyond that still counts.
          hour.add(now, running.delete(taken) ? cost : combine(cost, costOf(estimate), (all, counted) => Math.max(0, all - counted)))
        },
        release() {
          if (ended) return
          ended = true
          // Where it was given up by now it counts.
          minute()
          running.delete(taken)
        },
      }
    },
    get state() {
      minute()
      const lastHour = used()
      const exhausted: BudgetBound[] = running.size >= concurrency ? ['concurrency'] : []
      for (const name of ['requests', 'tokens', 'usd'] as const)
        if (lastHour[name] >= (perHour[name] ?? Number.POSITIVE_INFINITY)) exhausted.push(name)
      return { running: running.size, lastHour, exhausted }
    },
  }
}

interface Reserved {
  readonly requests: number
  readonly tokens: number
  readonly usd: number
}

const NOTHING: Reserved = { requests: 0, tokens: 0, usd: 0 }
const ENOUGH_UNTOLD = 3
const MINUTE_MS = 60_000
/** The minute that is not over yet, and the 60 before it: what is forgotten is an hour old at least. */
const MINUTES = 61

function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE_MS)
}

/** What is known of `costs`: an amount that is none is not. */
function amounts({ tokens, usd }: Costs): { tokens?: number; usd?: number } {
  return { ...(isAmount(tokens) && { tokens }), ...(isAmount(usd) && { usd }) }
}

function isAmount(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value >= 0
}

interface Hour {
  add(minute: number, cost: Reserved): void
  /** Lets go of what is more than an hour old at `minute`. */
  forget(minute: number): void
  total(): Reserved
  /** The most that one request cost. */
  dearest(name: 'tokens' | 'usd'): number
}

/** What was spent in each of the last minutes, and the dearest request of each. */
function createHour(): Hour {
  const minutes = new Map<number, { total: Reserved; dearest: Reserved }>()
  return {
    add(minute, cost) {
      const { total, dearest } = minutes.get(minute) ?? { total: NOTHING, dearest: NOTHING }
      minutes.set(minute, { total: combine(total, cost, (a, b) => a + b), dearest: combine(dearest, cost, Math.max) })
    },
    forget(minute) {
      for (const old of minutes.keys()) if (old <= minute - MINUTES) minutes.delete(old)
    },
    total() {
      let sum = NOTHING
      for (const { total } of minutes.values()) sum = combine(sum, total, (a, b) => a + b)
      return sum
    },
    dearest(name) {
      let most = 0
      for (const { dearest } of minutes.values()) most = Math.max(most, dearest[name])
      return most
    },
  }
}

function combine(a: Reserved, b: Reserved, how: (a: number, b: number) => number): Reserved {
  return { requests: how(a.requests, b.requests), tokens: how(a.tokens, b.tokens), usd: how(a.usd, b.usd) }
}
