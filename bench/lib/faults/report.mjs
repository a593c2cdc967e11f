// What a run says about the bounds.

import { isOpen } from './run.mjs'

/** In ms: what a fault may cost a request before the breaker opens (a deadline and room for timers) and after it, and recovery. */
export const BOUNDS = { failed: 0, wrong: 0, before: 120, after: 2, recovery: 2000, changes: 4, keptHits: 0.9 }

/** A machine is too busy to say anything about latencies when the twin's 99th percentile is this many ms, or the app's event loop */
const BUSY_MS = 100
/** was at work for this share of the time. */
const BUSY_SHARE = 0.75

/** The 99th percentile of the records' latencies in ms; undefined when there are none. */
export function p99(records) {
  if (records.length === 0) return undefined
  const sorted = records.map(({ ms }) => ms).sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))]
}

/**
 * The row of one run. `before`: the 99th percentile of the requests for which the store was still asked, since the breaker of its reads
 * had not opened (yet, or again), less that of the twin in the same time; of hits or of the rest, whichever is worse. `after`: what
 * the cache adds to it while the breaker is open, as the median of the rounds; `noise`: what the app without a cache adds to itself.
 */
export function evaluate(run, fault) {
  const { twin, rounds, states, lines, faultAt, comparedAt, endedAt, recoveredAt } = run
  const records = [...run.records, ...rounds.flatMap(({ cached }) => cached), ...run.afterwards]
  const isDuring = ({ at }) => at >= faultAt
  const during = run.records.filter(isDuring)
  const base = p99(twin.filter(isDuring))
  const before = during.filter(({ at }) => !isOpen(states, at))
  const opened = rounds.map((round) => ({ ...round, cached: round.cached.filter(({ at }) => isOpen(states, at)) }))
  const failures = records.filter(({ failed }) => failed)
  const row = {
    requests: records.length,
    failed: failures.length,
    reasons: tally(failures.map(({ failed }) => failed)),
    wrong: records.filter(({ wrong }) => wrong).length,
    before: added(before, base),
    beforeCount: before.length,
    after: medianOf(opened, ({ cached, plain, plainAgain }) => p99(cached) - p99([...plain, ...plainAgain])),
    afterCount: opened.flatMap(({ cached }) => cached).length,
    noise: medianOf(opened, ({ plain, plainAgain }) => Math.abs(p99(plain) - p99(plainAgain))),
    base: round(base),
    busy: base >= BUSY_MS || run.utilization >= BUSY_SHARE,
    utilization: run.utilization === undefined ? undefined : Math.round(run.utilization * 100) / 100,
    slowest: round(Math.max(0, ...during.map(({ ms }) => ms))),
    recovery: recoveredAt === undefined ? undefined : round(recoveredAt - endedAt),
    lines: lines.length,
    firstLines: lines.slice(0, 3),
    states: states.map(({ at, store, state, because }) => ({ at: Math.round(at - faultAt), store, state, because })),
    // The comparison makes the fault several times as long.
    changes: states.filter(({ at }) => at < comparedAt || at >= endedAt).length,
    labels: tally(during.map(({ label }) => label)),
    keptHits: share(during.filter(({ at, repeat }) => repeat && at < endedAt)),
    counts: run.counts,
    exit: run.exit,
  }
  return { ...row, ok: verdicts(row, fault) }
}

/** The median over the rounds that say anything. */
function medianOf(rounds, measure) {
  const values = rounds.map(measure).filter((value) => !Number.isNaN(value))
  return values.length === 0 ? undefined : round(values.sort((a, b) => a - b)[Math.floor(values.length / 2)])
}

/** What part of the repeats was answered from the cache. */
function share(repeats) {
  return repeats.length === 0 ? undefined : Math.round((repeats.filter(isHit).length / repeats.length) * 100) / 100
}

function verdicts(row, fault) {
  return {
    failed: row.failed <= BOUNDS.failed && row.exit === undefined,
    wrong: row.wrong <= BOUNDS.wrong,
    before: row.before === undefined || row.before <= BOUNDS.before,
    after: row.after === undefined || row.after <= BOUNDS.after,
    recovery: row.recovery !== undefined && row.recovery <= BOUNDS.recovery,
    lines: row.lines === row.states.length,
    changes: row.changes <= (fault.changes ?? BOUNDS.changes),
    keptHits: !fault.keepsHits || row.keptHits >= BOUNDS.keptHits,
  }
}

function added(records, base) {
  const worst = [records.filter(isHit), records.filter((record) => !isHit(record))].map(p99).filter((value) => value !== undefined)
  return worst.length === 0 ? undefined : round(Math.max(...worst) - base)
}

function isHit({ label }) {
  return label === 'HIT'
}

function tally(values) {
  const counts = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

function round(value) {
  return value === undefined ? undefined : Math.round(value * 10) / 10
}

export const HEAD = [
  'adapter',
  'store',
  'fault',
  'requests',
  'failed',
  'wrong',
  'before',
  'after',
  'noise',
  'base',
  'slowest',
  'recovery',
  'lines',
  'states',
  'hits',
]

/** A row as text; `!` marks what misses its bound, `~` a machine that was too busy. */
export function cells({ framework, store, fault, row, unavailable }) {
  if (unavailable) return [framework, store, fault, `not available: ${unavailable}`, ...Array(11).fill('')]
  const cell = (name) => `${row[name] ?? '-'}${row.ok[name] ? '' : '!'}`
  const own = ['failed', 'wrong', 'before', 'after'].map(cell)
  return [
    framework,
    store,
    fault,
    row.requests,
    ...own,
    row.noise ?? '-',
    `${row.base ?? '-'}${row.busy ? '~' : ''}`,
    row.slowest,
    cell('recovery'),
    cell('lines'),
    `${describeStates(row.states)}${row.ok.changes ? '' : '!'}`,
    cell('keptHits'),
  ]
}

function describeStates(states) {
  const names = states.map(({ state }) => state)
  return names.length <= 6 ? names.join(' ') || '-' : `${names.slice(0, 3).join(' ')} ... ${names.length} changes`
}

/** Rows as aligned text. */
export function align(rows) {
  const widths = rows[0].map((_, at) => Math.max(...rows.map((row) => `${row[at]}`.length).filter((length) => length < 40)))
  return rows
    .map((row) =>
      row
        .map((cell, at) => `${cell}`.padEnd(widths[at]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
