/** Invalidations at a time to come: after a delay, at a date, or again and again by a cron expression. */

import { randomId, sha256 } from '#platform'
import { checkNames, checkObject, invalid } from '../checks.js'
import { type Emitter, errorName } from '../engine/emitter.js'
import { type Duration, parseDuration } from '../lib/duration.js'
import { describeValue } from '../lib/nearest.js'
import type { Clock } from '../ports.js'
import type { Peers } from '../stores/peers.js'
import type { Records } from '../stores/records.js'
import { type CronTimes, parseCron, scheduleAt } from './cron.js'
import type { InvalidateReport } from './invalidate.js'
import { MAX_SCHEDULES, type ScheduleItem, type Target, type Timing } from './schedule-items.js'
import { createScheduleStore } from './schedule-store.js'
import { type InvalidateSelector, resolveSelector, type Selection, type SelectorContext } from './selector.js'

export interface ScheduleOptions {
  /**
   * Name of the schedule, 1 to 64 of `A-Za-z0-9._-`: another one under it takes its place. @default made of selector and time where
   * both are data, so that the same call at each start of the app makes one schedule; random for a delay and for a rule
   */
  readonly id?: string | undefined
  /** Time zone of a cron expression: 'Europe/Berlin'. @default that of this machine */
  readonly timezone?: string | undefined
}

export interface Schedule {
  readonly id: string
  /** It is kept in a store: after a restart it goes on, and what was missed is done once. Never for a `rule`, which is no data. */
  readonly persistent: boolean
  /** When it is carried out next; undefined once it is over. */
  next(): Date | undefined
  /** Ends it, here and in the other processes. What is being carried out is carried out. */
  cancel(): Promise<void>
}

export interface Schedules {
  /** @throws OptionError, PeerMissingError */
  add(selector: InvalidateSelector, when: Duration | Date | string, options: ScheduleOptions): Promise<Schedule>
  list(): readonly Schedule[]
  close(): void
}

export interface SchedulesContext extends SelectorContext {
  readonly records: Records
  readonly peers: Pick<Peers, 'join'>
  readonly clock: Clock
  readonly emitter: Emitter
  readonly carryOut: (selection: Selection) => Promise<InvalidateReport>
}

interface Planned {
  item: ScheduleItem
  /** As it was given here; another process's, or an earlier one's, is known by its data alone. */
  readonly own: InvalidateSelector | undefined
  readonly times: CronTimes | undefined
  persistent: boolean
  nextAt: number | undefined
  failures: number
  cancelTimer: () => void
}

export function createSchedules(context: SchedulesContext): Schedules {
  const { records, peers, clock, emitter } = context
  const planned = new Map<string, Planned>()
  /** What is over, to be told to the others. */
  const over = new Map<string, ScheduleItem>()
  const store = createScheduleStore(records, clock)
  let closed = false
  let cancelSync = records.lasting ? clock.schedule(FIRST_SYNC_MS, syncAgain) : () => {}

  function failed(scheduleId: string, error: unknown): void {
    emitter.emit({ type: 'schedule-failed', at: clock.now(), scheduleId, errorName: errorName(error) })
  }

  /** Hears of what other processes did, and tells them. True: what this one knows is kept. */
  async function sync(): Promise<boolean> {
    const { items, kept } = await store.sync(() => [...[...planned.values()].flatMap(dataOf), ...over.values()])
    for (const item of items) await adopt(item)
    for (const each of planned.values()) each.persistent = kept && dataOf(each).length > 0
    return kept
  }

  function syncAgain(): void {
    void sync().then((kept) => {
      if (!closed) cancelSync = clock.schedule(kept ? SYNC_MS : RESYNC_MS, syncAgain)
    })
  }

  async function adopt(item: ScheduleItem): Promise<void> {
    const known = planned.get(item.id)
    if (closed || (known ? known.item.version >= item.version : (over.get(item.id)?.version ?? 0) >= item.version)) return
    if (item.over) {
      end(item)
      return
    }
    if (known && JSON.stringify(known.item.timing) === JSON.stringify(item.timing)) {
      known.item = item
      plan(known)
      return
    }
    try {
      start(item, undefined, await timesOf(item.timing))
    } catch (error) {
      failed(item.id, error)
    }
  }

  function start(item: ScheduleItem, own: InvalidateSelector | undefined, times: CronTimes | undefined): Planned {
    planned.get(item.id)?.cancelTimer()
    over.delete(item.id)
    const each: Planned = { item, own, times, persistent: false, nextAt: undefined, failures: 0, cancelTimer: () => {} }
    planned.set(item.id, each)
    plan(each)
    return each
  }

  function end(item: ScheduleItem): void {
    const each = planned.get(item.id)
    each?.cancelTimer()
    if (each) each.nextAt = undefined
    planned.delete(item.id)
    over.set(item.id, item)
    for (const oldest of over.keys()) {
      if (over.size <= MAX_SCHEDULES) break
      over.delete(oldest)
    }
  }

  /** At what was missed: at once. */
  function plan(each: Planned, notBefore = Number.NEGATIVE_INFINITY): void {
    const { timing, since } = each.item
    const dueAt = 'at' in timing ? timing.at : each.times?.next(since)
    each.cancelTimer()
    each.nextAt = dueAt === undefined || closed ? undefined : Math.max(dueAt, notBefore)
    if (dueAt === undefined || each.nextAt === undefined) return
    each.cancelTimer = scheduleAt(each.nextAt, clock, () => {
      carryOut(each, dueAt).catch((error: unknown) => failed(each.item.id, error))
    })
  }

  async function carryOut(each: Planned, dueAt: number): Promise<void> {
    const { id } = each.item
    if (each.persistent) await sync()
    // Cancelled, or done by another process.
    if (closed || planned.get(id) !== each || each.item.since >= dueAt) return
    const joined = each.persistent ? await peers.join(`lc0.run.${id}`) : undefined
    if (joined?.kind === 'follow') {
      joined.flight.cancel()
      // Unless it is done by then.
      plan(each, clock.now() + RETRY_MS)
      return
    }
    try {
      await run(each)
      if (each.persistent) await sync()
    } finally {
      if (joined) await joined.lease.close()
    }
  }

  async function run(each: Planned): Promise<void> {
    const startedAt = clock.now()
    const { id, timing } = each.item
    try {
      const { matched, removed } = await context.carryOut(selectionOf(each, context))
      each.failures = 0
      emitter.emit({ type: 'schedule-ran', at: clock.now(), scheduleId: id, matched, removed })
    } catch (error) {
      failed(id, error)
      each.failures++
    }
    if (planned.get(id) !== each) return
    if (each.failures > 0 && each.failures <= MOST_RETRIES) {
      plan(each, clock.now() + RETRY_MS * 2 ** (each.failures - 1))
      return
    }
    each.failures = 0
    each.item = { ...changed(each.item), since: startedAt, over: 'at' in timing }
    if (each.item.over) end(each.item)
    else plan(each)
  }

  function changed(item: ScheduleItem): ScheduleItem {
    return { ...item, version: Math.max(clock.now(), item.version + 1) }
  }

  function handleOf(id: string): Schedule {
    return {
      id,
      get persistent() {
        return planned.get(id)?.persistent ?? false
      },
      next() {
        const nextAt = planned.get(id)?.nextAt
        return nextAt === undefined ? undefined : new Date(nextAt)
      },
      async cancel() {
        const each = planned.get(id)
        if (!each) return
        end({ ...changed(each.item), over: true })
        if (dataOf(each).length > 0) await sync()
      },
    }
  }

  return {
    async add(selector, when, options) {
      checkObject('options', options)
      checkNames(options, ['id', 'timezone'])
      const target = targetOf(selector, resolveSelector(selector, context))
      const timing = timingOf(when, options.timezone, clock.now())
      const times = await timesOf(timing)
      const id = idOf(options.id, selector, target, timing, typeof when)
      if (records.lasting) await sync()
      if (closed) throw invalid('schedule', 'is of no use: the cache is closed')
      const known = planned.get(id)?.item ?? over.get(id)
      if (known && JSON.stringify([known.target, known.timing]) === JSON.stringify([target, timing]) && (!known.over || 'at' in timing))
        return handleOf(id)
      if (planned.size >= MAX_SCHEDULES && !planned.has(id))
        throw invalid('schedule', `is one more than the ${MAX_SCHEDULES} that a cache keeps`)
      const now = clock.now()
      const fresh = { id, target, timing, since: now, over: false, version: known ? changed(known).version : now }
      start('at' in timing ? { ...fresh, since: Math.min(now, timing.at - 1) } : fresh, selector, times)
      if (records.lasting && !selector.rule) await sync()
      return handleOf(id)
    },
    list: () => [...planned.keys()].map(handleOf),
    close() {
      closed = true
      cancelSync()
      for (const each of planned.values()) each.cancelTimer()
    },
  }
}

/** What can be kept of it. */
function dataOf({ item, own }: Planned): readonly ScheduleItem[] {
  return own?.rule ? [] : [item]
}

/** Neither the credentials nor the name of a partition is kept: only what they stood for. */
function targetOf({ partition, rule, ...selector }: InvalidateSelector, { reach }: Selection): Target {
  return { selector, ...(partition !== undefined && 'prefixes' in reach && { prefixes: reach.prefixes }) }
}

/** With the partitions of routes that came later, where it was given here. */
function selectionOf({ own, item }: Planned, context: SelectorContext): Selection {
  const { selector, prefixes } = item.target
  const given = own ?? selector
  const selection = Object.keys(given).length > 0 ? resolveSelector(given, context) : undefined
  const current = selection && own?.partition !== undefined && 'prefixes' in selection.reach ? selection.reach.prefixes : []
  if (prefixes) return { ...selection, reach: { prefixes: [...new Set([...prefixes, ...current])] } }
  return selection ?? resolveSelector(given, context)
}

function timingOf(when: unknown, timezone: string | undefined, now: number): Timing {
  const isCron = typeof when === 'string' && parseDuration(when) === undefined
  if (!isCron && timezone !== undefined) throw invalid('timezone', 'belongs to a cron expression')
  if (isCron) return { cron: when, ...(timezone !== undefined && { timezone }) }
  if (when instanceof Date && !Number.isNaN(when.getTime())) return { at: when.getTime() }
  const delayMs = when instanceof Date ? undefined : parseDuration(when)
  if (delayMs !== undefined) return { at: now + delayMs }
  throw invalid('when', `is ${describeValue(when)}; it must be a delay such as '2h', a Date, or a cron expression such as '0 4 * * *'`)
}

async function timesOf(timing: Timing): Promise<CronTimes | undefined> {
  return 'cron' in timing ? parseCron('when', timing.cron, timing.timezone) : undefined
}

function idOf(id: unknown, selector: InvalidateSelector, target: Target, timing: Timing, kind: string): string {
  if (id !== undefined) {
    if (typeof id === 'string' && /^[\w.-]{1,64}$/.test(id)) return id
    throw invalid('id', `is ${describeValue(id)}; it must be 1 to 64 letters, digits or '._-'`)
  }
  const isDelay = kind === 'number' || (kind === 'string' && 'at' in timing)
  if (selector.rule || isDelay) return randomId()
  return sha256(`llm-cache schedule\n${JSON.stringify([target, timing])}`).slice(0, ID_LENGTH)
}

const ID_LENGTH = 22
/** Not in the midst of starting. */
const FIRST_SYNC_MS = 1000
const SYNC_MS = 60 * 60 * 1000
/** Where the stores could not be asked. */
const RESYNC_MS = 30_000
const RETRY_MS = 60_000
const MOST_RETRIES = 5
