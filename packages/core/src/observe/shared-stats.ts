/** Statistics of all processes: what this one counts is added to the sums in the shared store now and then. */

import type { Clock } from '../ports.js'
import type { GuardedCounters } from '../stores/peers.js'
import type { CacheStats } from './stats.js'

/** Sums over all processes since the counters were first used. */
export interface SharedStats {
  readonly hits: number
  readonly collapsed: number
  readonly misses: number
  readonly stored: number
  /** Share of looked-up requests that cost no origin call, 0 to 1. */
  readonly hitRate: number
  readonly savedInputTokens: number
  readonly savedOutputTokens: number
  /** US dollars. */
  readonly savedUsd: number
  /** Milliseconds of origins' time. */
  readonly savedOriginMs: number
}

export interface SharedStatsReporter {
  /** Sums of all processes, this one's latest included; undefined where the store could not be asked. */
  read(): Promise<SharedStats | undefined>
  /** Adds what is left. Idempotent. */
  close(): Promise<void>
}

export interface SharedStatsOptions {
  /** This process's own counts. */
  readonly own: () => Pick<CacheStats, 'hits' | 'collapsed' | 'misses' | 'stored' | 'saved'>
  readonly clock: Pick<Clock, 'schedule'>
}

export function createSharedStats(counters: GuardedCounters, { own, clock }: SharedStatsOptions): SharedStatsReporter {
  let told = NOTHING
  let closed = false
  let cancel = clock.schedule(REPORT_MS, tick)

  async function tell(): Promise<void> {
    const now = flatten(own())
    const deltas: Record<string, number> = {}
    for (const name of NAMES) if (now[name] !== told[name]) deltas[name] = now[name] - told[name]
    if (Object.keys(deltas).length === 0) return
    const before = told
    told = now
    const done = await counters.add(deltas)
    // Told again next time; a sum that was added although no answer came counts twice, which statistics can bear.
    if (!done) told = minus(told, minus(now, before))
  }

  function tick(): void {
    void tell().finally(() => {
      if (!closed) cancel = clock.schedule(REPORT_MS, tick)
    })
  }

  return {
    async read() {
      await tell()
      const sums = await counters.read()
      return sums && unflatten(sums)
    },
    async close() {
      if (closed) return
      closed = true
      cancel()
      await tell()
    },
  }
}

/** How often sums are added, in ms. */
const REPORT_MS = 5000

const NAMES = [
  'hits',
  'collapsed',
  'misses',
  'stored',
  'savedInputTokens',
  'savedOutputTokens',
  'savedUsd',
  'savedOriginMs',
] as const satisfies readonly (keyof SharedStats)[]

type Sums = Readonly<Record<(typeof NAMES)[number], number>>

const NOTHING: Sums = unit(() => 0)

function unit(value: (name: (typeof NAMES)[number]) => number): Sums {
  return Object.fromEntries(NAMES.map((name) => [name, value(name)])) as Sums
}

function minus(a: Sums, b: Sums): Sums {
  return unit((name) => a[name] - b[name])
}

function flatten({ hits, collapsed, misses, stored, saved }: ReturnType<SharedStatsOptions['own']>): Sums {
  return {
    hits,
    collapsed,
    misses,
    stored,
    savedInputTokens: saved.inputTokens,
    savedOutputTokens: saved.outputTokens,
    savedUsd: saved.usd,
    savedOriginMs: saved.originMs,
  }
}

function unflatten(sums: Readonly<Record<string, number>>): SharedStats {
  const known = unit((name) => sums[name] ?? 0)
  const served = known.hits + known.collapsed
  const lookups = served + known.misses
  return { ...known, hitRate: lookups === 0 ? 0 : served / lookups }
}
