import { createPreloader, type Preloader } from '../../../src/control/preload/preloader.js'
import { createDetachedTable, type DetachedResult } from '../../../src/engine/detached.js'
import { createEmitter } from '../../../src/engine/emitter.js'
import { createFlightTable, type FlightTable } from '../../../src/engine/flight.js'
import { createMarks, type Marks } from '../../../src/engine/marks.js'
import type { LlmCacheOptions } from '../../../src/engine/options.js'
import { createRuleResolver } from '../../../src/engine/precedence.js'
import { type PreloadOptions, resolvePreload } from '../../../src/engine/preload-options.js'
import type { Lookedup } from '../../../src/engine/traffic.js'
import type { Entry } from '../../../src/entry/entry.js'
import type { CacheEvent } from '../../../src/events.js'
import { createManualClock, type ManualClock } from '../../../src/testing/manual-clock.js'
import { sampleEntry } from '../../../src/testing/sample-entry.js'
import { request } from '../../engine/support.js'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
/** What every answer takes. */
export const ORIGIN_MS = 4000
/** A Monday's midnight, wherever the tests run. */
const START = new Date(2026, 0, 5).getTime()

/** What was sent ahead: the user whose request it was, and the question. */
export interface Sent {
  readonly user: string
  readonly question: string
  readonly at: number
}

export interface World {
  readonly clock: ManualClock
  readonly events: CacheEvent[]
  readonly sent: Sent[]
  readonly flights: FlightTable
  readonly marks: Marks
  readonly preloader: Preloader
  /** A user asks; resolves once all that follows from it is over, but for timers. */
  ask(user: string, question: string, parts?: AskParts): Promise<Lookedup['outcome']>
  /** Each of the questions, a minute apart. */
  session(user: string, questions: readonly string[]): Promise<void>
  advance(ms: number): Promise<void>
  of<T extends CacheEvent['type']>(type: T): Extract<CacheEvent, { type: T }>[]
}

export interface AskParts {
  readonly headers?: Readonly<Record<string, string>>
  readonly preload?: boolean
  readonly refresh?: boolean
}

export interface WorldOptions {
  readonly preload?: PreloadOptions
  readonly cache?: Omit<LlmCacheOptions, 'preload'>
  /** USD of each answer. */
  readonly usd?: number
  /** What becomes of a request that is sent ahead; by default it is stored. */
  readonly result?: (sent: Sent) => DetachedResult | 'unable' | 'never'
}

/** An engine in miniature: an answer is there from `ORIGIN_MS` after it was asked, at 0.002 USD, for the route's ttl. */
export function createWorld({ preload = {}, cache = {}, usd = 0.002, result }: WorldOptions = {}): World {
  const clock = createManualClock(START)
  const emitter = createEmitter(() => clock.now())
  const events: CacheEvent[] = []
  emitter.on((event) => events.push(event))
  const detached = createDetachedTable(clock)
  const flights = createFlightTable(clock)
  const marks = createMarks(clock)
  const resolved = resolvePreload(preload)
  if (!resolved) throw new Error('nothing to preload')
  const preloader = createPreloader({ clock, emitter, detached, flights, marks, costOf: () => usd }, resolved)
  const rules = createRuleResolver({ ...cache, preload }, { policy: 'balanced', because: 'default' })
  const answers = new Map<string, { readonly from: number; readonly until: number }>()
  const sent: Sent[] = []
  const shape = { provider: 'openai-chat', kind: 'provider', model: 'gpt-4o', refresh: false, expectsJson: false } as const

  function store(key: string, ttlMs: number): void {
    const from = clock.now() + ORIGIN_MS
    answers.set(key, { from, until: from + ttlMs })
    const usage = { inputTokens: 100, outputTokens: 100 }
    const labels = { at: clock.now(), route: '/chat', provider: shape.provider, model: shape.model }
    emitter.emit({ ...labels, type: 'entry-stored', entryId: 'id', bytes: 1, originMs: ORIGIN_MS, usage, tags: 0 })
  }

  function entryOf(key: string, { from, until }: { readonly from: number; readonly until: number }): Entry {
    const entry = sampleEntry(clock, { key, storedAt: from, staleAt: until, deleteAt: until })
    return { ...entry, meta: { ...entry.meta, originMs: ORIGIN_MS } }
  }

  async function settle(): Promise<void> {
    for (let step = 0; step < 20; step++) await undefined
  }

  async function ask(user: string, question: string, parts: AskParts = {}): Promise<Lookedup['outcome']> {
    const key = `lc1.${user}.${question}`
    const { rule } = rules(parts.preload === undefined ? {} : { preload: parts.preload })
    const base = request({ headers: { ...parts.headers, authorization: `Bearer ${user}` } })
    const answer = answers.get(key)
    const now = clock.now()
    const outcome = !answer || now >= answer.until ? 'miss' : now < answer.from ? 'collapsed' : 'hit'
    const again = (mark?: object): Promise<number | undefined> | undefined => {
      const told: Sent = { user, question, at: clock.now() }
      const what = result?.(told)
      if (what === 'unable') return undefined
      sent.push(told)
      if (what === 'never') return new Promise(() => undefined)
      const ticket = detached.take(mark)
      if (what) ticket?.settle(what)
      else {
        store(key, rule.ttlMs)
        ticket?.settle({ kind: 'stored', entryId: 'id', tokens: 200, usd })
      }
      return Promise.resolve(200)
    }
    preloader.listen({
      request: { ...base, hold: () => ({ bytes: 500, again }) },
      rule,
      key,
      shape: { ...shape, refresh: parts.refresh ?? false },
      outcome,
      entry: outcome === 'hit' && answer ? entryOf(key, answer) : undefined,
    })
    if (outcome === 'miss') store(key, rule.ttlMs)
    await settle()
    return outcome
  }

  async function advance(ms: number): Promise<void> {
    // What was sent is over before the next is: for the first seconds, in which something may wait.
    let left = ms
    for (; left > 0 && ms - left < 12_000; left -= 250) {
      clock.advance(Math.min(left, 250))
      await settle()
    }
    if (left > 0) clock.advance(left)
    await settle()
  }

  return {
    clock,
    events,
    sent,
    flights,
    marks,
    preloader,
    ask,
    advance,
    async session(user, questions) {
      for (const question of questions) {
        await ask(user, question)
        await advance(MINUTE)
      }
    },
    of: (type) => events.filter((event) => event.type === type) as never,
  }
}
