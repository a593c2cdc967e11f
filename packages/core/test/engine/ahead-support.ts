import { type Ahead, type AheadParts, createAhead } from '../../src/engine/ahead.js'
import type { DetachedResult } from '../../src/engine/detached.js'
import type { RouteOptions } from '../../src/engine/options.js'
import { resolveRule } from '../../src/engine/resolve.js'
import type { Lookedup } from '../../src/engine/traffic.js'
import type { Entry } from '../../src/entry/entry.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'
import { request } from './support.js'

export const MINUTE = 60_000

const SHAPE = { provider: 'openai-chat', kind: 'provider', model: 'gpt-4o', refresh: false, expectsJson: false } as const

export interface Started {
  readonly key: string
  readonly at: number
  end(result: DetachedResult): void
}

export interface AheadFixture {
  readonly ahead: Ahead
  readonly clock: ManualClock
  /** What the cache has: entries by key. */
  readonly entries: Map<string, Entry>
  /** Refreshes, in order. */
  readonly started: Started[]
  /** Keys whose refresh is refused, as after a failure. */
  readonly refused: Set<string>
  /** Puts a fresh answer under `key`. */
  fill(key: string, parts?: { ttlMs?: number; outputTokens?: number | undefined; originMs?: number }): Entry
  /** So many hits on `key`, each told. */
  hit(key: string, times?: number, outcome?: Lookedup['outcome']): void
  /** Goes on in steps, with a hit on each of `keys` at each. */
  traffic(keys: readonly string[], forMs: number, everyMs: number): void
}

export function aheadFixture(options: RouteOptions = {}, parts: Partial<AheadParts> = {}): AheadFixture {
  const clock = createManualClock()
  const rule = resolveRule({ ttl: '10m', refreshAhead: true, ...options })
  const entries = new Map<string, Entry>()
  const started: Started[] = []
  const refused = new Set<string>()
  let ids = 0
  const sample = sampleEntry(clock, {})
  const looked: Lookedup['request'] = request()
  const ahead = createAhead({
    clock,
    random: () => 0.5,
    costOf: ({ outputTokens }) => (outputTokens === undefined ? undefined : outputTokens * 1e-5),
    budget: { concurrency: 1000, perHour: {} },
    can: () => true,
    current: ({ key }) => entries.get(key),
    refresh({ key }, end) {
      if (refused.has(key)) return false
      started.push({ key, at: clock.now(), end })
      return true
    },
    ...parts,
  })

  const fixture: AheadFixture = {
    ahead,
    clock,
    entries,
    started,
    refused,
    fill(key, { ttlMs = 10 * MINUTE, originMs = 1000, ...rest } = {}) {
      const storedAt = clock.now()
      const outputTokens = 'outputTokens' in rest ? rest.outputTokens : 100
      const usage = outputTokens === undefined ? undefined : { outputTokens }
      const meta = { ...sample.meta, originMs, usage }
      const staleAt = storedAt + ttlMs
      const entry = { ...sample, id: `id-${ids++}`, key, storedAt, staleAt, deleteAt: staleAt, meta }
      entries.set(key, entry)
      return entry
    },
    hit(key, times = 1, outcome = 'hit') {
      for (let time = 0; time < times; time++) {
        ahead.listen({ request: looked, rule, key, shape: SHAPE, outcome, entry: outcome === 'hit' ? entries.get(key) : undefined })
      }
    },
    traffic(keys, forMs, everyMs) {
      for (let passed = 0; passed < forMs; passed += everyMs) {
        for (const key of keys) fixture.hit(key)
        clock.advance(everyMs)
      }
    },
  }
  return fixture
}
