import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLlmCache, type LlmCache } from '../../src/cache.js'
import { formatItems, mergeItems, parseItems, type ScheduleItem } from '../../src/control/schedule-items.js'
import type { InvalidateSelector } from '../../src/control/selector.js'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import { createEntryCodec } from '../../src/entry/codec.js'
import type { CacheEvent } from '../../src/events.js'
import type { CacheStore } from '../../src/ports.js'
import type { FlightLease, Joining } from '../../src/sharing.js'
import { createKeyvStore } from '../../src/stores/keyv.js'
import { parseValue } from '../../src/stores/keyv-value.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'
import { record, request } from '../engine/support.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOON = Date.UTC(2026, 10, 20, 12)

interface Scene {
  readonly cache: LlmCache
  readonly clock: ManualClock
  readonly events: CacheEvent[]
  /** Goes on by so many ms, in steps, and lets what was begun end. */
  pass(ms: number): Promise<void>
  fill(tag: string, tenant?: string): Promise<void>
  has(tag: string, tenant?: string): Promise<boolean>
  ran(): number
}

function scene(store?: LlmCacheOptions['store'], clock: ManualClock = createManualClock(NOON), more: LlmCacheOptions = {}): Scene {
  const cache = createLlmCache({
    clock,
    store,
    ttl: '20d',
    partition: (asked) => asked.header('x-tenant'),
    tags: (asked) => [asked.header('x-tag') ?? ''],
    log: false,
    ...more,
  })
  const events: CacheEvent[] = []
  cache.on((event) => events.push(event))
  const partsOf = (tag: string, tenant: string): object => ({
    headers: { 'x-tag': tag, 'x-tenant': tenant },
    body: { model: 'gpt-4o', messages: [{ role: 'user', content: tag }] },
  })
  return {
    cache,
    clock,
    events,
    async pass(ms) {
      for (let step = 0; step < 4; step++) {
        clock.advance(ms / 4)
        await turns()
      }
    },
    async fill(tag, tenant = 't') {
      await record(cache, partsOf(tag, tenant))
      await turns()
    },
    async has(tag, tenant = 't') {
      const outcome = await cache.open(request(partsOf(tag, tenant)))
      if (outcome.kind === 'record') outcome.recorder.abort('origin-error')
      return outcome.kind === 'replay'
    },
    ran: () => events.filter(({ type }) => type === 'schedule-ran').length,
  }
}

async function turns(): Promise<void> {
  for (let count = 0; count < 15; count++) await new Promise((resolve) => setImmediate(resolve))
}

/** What somebody reads who has the store. */
/** Records of schedules; marks of invalidations stay as well. */
function schedulesIn(held: Map<unknown, unknown>): number {
  return [...held.keys()].filter((key) => String(key).includes('schedules')).length
}

function decoded(held: Map<unknown, unknown>): string {
  return [...held.values()].map((value) => Buffer.from(parseValue(value)).toString('latin1')).join()
}

describe('a schedule', () => {
  it.each<[string, number | string | Date, number]>([
    ['a delay', '2h', 2 * HOUR],
    ['a delay in ms', 90_000, 90_000],
    ['a date', new Date(NOON + 30 * DAY), 30 * DAY],
  ])('of %s is carried out once, at its time', async (_what, when, afterMs) => {
    const { cache, events, pass, fill, has, ran } = scene(undefined, undefined, { ttl: '24d' })
    const schedule = await cache.schedule({ pattern: 'a' }, when)
    expect(schedule).toMatchObject({ persistent: false })
    expect(cache.schedules().map(({ id }) => id)).toEqual([schedule.id])
    expect(schedule.next()).toEqual(new Date(NOON + afterMs))
    if (afterMs > 2 * DAY) await pass(afterMs - DAY)
    await fill('a')
    await fill('b')
    await pass((afterMs > 2 * DAY ? DAY : afterMs) - 1000)
    expect(await has('a')).toBe(true)
    await pass(1000)
    expect([await has('a'), await has('b'), ran()]).toEqual([false, true, 1])
    expect([schedule.next(), cache.schedules()]).toEqual([undefined, []])
    await pass(40 * DAY)
    expect(ran()).toBe(1)
    expect(events.find(({ type }) => type === 'schedule-ran')).toMatchObject({ scheduleId: schedule.id, removed: 1, matched: 1 })
  })

  it('of a date that is over is carried out at once', async () => {
    const { cache, pass, fill, has, ran } = scene()
    await fill('a')
    await cache.schedule({ pattern: 'a' }, new Date(NOON - DAY))
    await pass(4)
    expect([await has('a'), ran(), cache.schedules()]).toEqual([false, 1, []])
  })

  it('of a cron expression is carried out again and again, in its time zone', async () => {
    const { cache, clock, pass, fill, has, ran } = scene()
    const schedule = await cache.schedule({ partition: 't' }, '0 4 * * *', { timezone: 'Europe/Berlin' })
    expect(schedule.next()).toEqual(new Date(Date.UTC(2026, 10, 21, 3)))
    await fill('a', 'u')
    for (let day = 1; day <= 3; day++) {
      await fill('a')
      await pass(Date.UTC(2026, 10, 20 + day, 3) - clock.now())
      expect([await has('a'), await has('a', 'u'), ran()]).toEqual([false, true, day])
    }
    expect(schedule.next()).toEqual(new Date(Date.UTC(2026, 10, 24, 3)))
  })

  it('is of this moment when it is carried out, not of when it was made', async () => {
    const { cache, pass, fill, has } = scene()
    await cache.schedule({ olderThan: '1h' }, '3h')
    await pass(2 * HOUR)
    await fill('old')
    await pass(HOUR / 2)
    await fill('young')
    await pass(HOUR / 2)
    expect([await has('old'), await has('young')]).toEqual([false, true])
  })

  it('that is cancelled is over, and so are all when the cache is closed', async () => {
    const { cache, clock, pass, ran } = scene()
    const first = await cache.schedule({ all: true }, '1h')
    const second = await cache.schedule({ all: true }, '* * * * *')
    await first.cancel()
    await first.cancel()
    expect(cache.schedules().map(({ id }) => id)).toEqual([second.id])
    expect(first.next()).toBeUndefined()
    await cache.close()
    expect(clock.pending()).toBe(0)
    await pass(2 * HOUR)
    expect(ran()).toBe(0)
    await expect(cache.schedule({ all: true }, '1h')).rejects.toThrow(/closed/)
  })

  it('of a rule is carried out too, and kept nowhere', async () => {
    const { cache, pass, fill, has } = scene(new Map())
    await fill('a')
    await fill('b')
    const schedule = await cache.schedule({ rule: ({ tags }) => tags.includes('a'), partition: 't' }, '1h')
    expect(schedule.persistent).toBe(false)
    await pass(HOUR)
    expect([await has('a'), await has('b')]).toEqual([false, true])
  })

  it('that fails is an event, and is tried again five times', async () => {
    const { cache, events, pass, ran } = scene({ ...createKeyvStore(new Map()), keys: undefined as never })
    const schedule = await cache.schedule({ pattern: 'a' }, '1h')
    await pass(HOUR)
    expect(events.filter(({ type }) => type === 'schedule-failed')).toEqual([
      { type: 'schedule-failed', at: NOON + HOUR, scheduleId: schedule.id, errorName: 'InvalidationError' },
    ])
    expect(schedule.next()).toEqual(new Date(NOON + HOUR + 60_000))
    for (let count = 0; count < 40; count++) await pass(120_000)
    expect(events.filter(({ type }) => type === 'schedule-failed').length).toBe(6)
    expect([schedule.next(), ran()]).toEqual([undefined, 0])
  })

  it('there are no more than a thousand', async () => {
    const { cache } = scene()
    for (let count = 0; count < 1000; count++) await cache.schedule({ keys: [`lc1.p.${count}`] }, '1h')
    await expect(cache.schedule({ all: true }, '1h')).rejects.toThrow(/1000/)
    expect(cache.schedules().length).toBe(1000)
  })

  it.each<[string, unknown[], string, RegExp]>([
    ['no selector', [{}, '1h'], 'selector', /names 0/],
    ['an unknown selector', [{ al: true }, '1h'], 'al', /did you mean "all"/],
    ['no time', [{ all: true }, undefined], 'when', /a delay such as/],
    ['a delay below zero', [{ all: true }, -1], 'when', /a delay such as/],
    ['no date', [{ all: true }, new Date(Number.NaN)], 'when', /a delay such as/],
    ['no cron expression', [{ all: true }, 'tomorrow'], 'when', /cron expression such as/],
    ['an unknown option', [{ all: true }, '1h', { zone: 'UTC' }], 'zone', /valid: "id", "timezone"/],
    ['a time zone for a delay', [{ all: true }, '1h', { timezone: 'UTC' }], 'timezone', /cron expression/],
    ['an unknown time zone', [{ all: true }, '0 4 * * *', { timezone: 'Mars' }], 'timezone', /Europe\/Berlin/],
    ['a name with a space', [{ all: true }, '1h', { id: 'a b' }], 'id', /1 to 64/],
  ])('%s is an error', async (_what, given, option, message) => {
    const { cache } = scene()
    const [selector, when, options] = given as [InvalidateSelector, string, object | undefined]
    const error = await cache.schedule(selector, when, options).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'OptionError', option, message: expect.stringMatching(message) })
    expect(cache.schedules()).toEqual([])
  })
})

describe('after a restart', () => {
  const key = 'a'.repeat(64)
  it.each<[string, LlmCacheOptions]>([
    ['plain', {}],
    ['encrypted', { encryption: { keys: [key] } }],
  ])('it goes on where it was kept, %s', async (_what, more) => {
    const held = new Map()
    const clock = createManualClock(NOON)
    const first = scene([createMemoryStore({ clock }), held], clock, more)
    const schedule = await first.cache.schedule({ pattern: { tag: 'secret-tag' }, partition: 't' }, '2h')
    expect(schedule.persistent).toBe(true)
    expect(decoded(held).includes('secret-tag')).toBe(more.encryption === undefined)
    await first.cache.close()

    const second = scene([createMemoryStore({ clock }), held], clock, more)
    await second.fill('secret-tag')
    await second.fill('secret-tag', 'u')
    await second.pass(HOUR)
    expect(second.cache.schedules()).toMatchObject([{ id: schedule.id, persistent: true }])
    expect(second.cache.schedules()[0]?.next()).toEqual(new Date(NOON + 2 * HOUR))
    await second.pass(HOUR)
    expect([await second.has('secret-tag'), await second.has('secret-tag', 'u'), second.ran()]).toEqual([false, true, 1])
    await second.cache.close()

    const third = scene([createMemoryStore({ clock }), held], clock, more)
    await third.pass(DAY)
    expect([third.cache.schedules(), third.ran()]).toEqual([[], 0])
    await third.cache.close()
  })

  it('what was missed is done once: a date, and a cron expression however often it was due', async () => {
    const held = new Map()
    const clock = createManualClock(NOON)
    const first = scene(held, clock)
    await first.cache.schedule({ pattern: 'a' }, '2h', { id: 'once' })
    await first.cache.schedule({ pattern: 'b' }, '0 * * * *', { id: 'hourly', timezone: 'UTC' })
    await first.fill('a')
    await first.fill('b')
    await first.cache.close()
    clock.advance(DAY + HOUR / 2)
    const second = scene(held, clock)
    await second.pass(2000)
    expect([await second.has('a'), await second.has('b')]).toEqual([false, false])
    expect(second.events.flatMap((event) => (event.type === 'schedule-ran' ? [event.scheduleId] : [])).sort()).toEqual(['hourly', 'once'])
    expect(second.cache.schedules().map(({ id, next }) => [id, next()])).toEqual([['hourly', new Date(NOON + DAY + HOUR)]])
    await second.cache.close()
  })

  it('the same call at each start makes one schedule, and does not put off what is due', async () => {
    const held = new Map()
    const clock = createManualClock(NOON)
    for (let start = 0; start < 4; start++) {
      const { cache, pass, ran } = scene(held, clock)
      const schedule = await cache.schedule({ pattern: 'a' }, '0 * * * *', { timezone: 'UTC' })
      expect(cache.schedules().map(({ id }) => id)).toEqual([schedule.id])
      await pass(HOUR / 2)
      expect(ran()).toBe(start === 0 ? 0 : 1)
      await cache.close()
      clock.advance(HOUR / 2)
    }
    const { cache } = scene(held, clock)
    const at = new Date(NOON - DAY)
    await cache.schedule({ all: true }, at, { id: 'past' })
    await turns()
    clock.advance(1)
    await turns()
    expect((await cache.schedule({ all: true }, at, { id: 'past' })).next()).toBeUndefined()
    await cache.close()
  })

  it('what was cancelled stays cancelled', async () => {
    const held = new Map()
    const clock = createManualClock(NOON)
    const first = scene(held, clock)
    const schedule = await first.cache.schedule({ all: true }, '2h')
    await schedule.cancel()
    await first.cache.close()
    const second = scene(held, clock)
    await second.pass(DAY)
    expect([second.cache.schedules(), second.ran()]).toEqual([[], 0])
    await second.cache.close()
  })

  it('credentials and names of tenants are kept nowhere', async () => {
    const held = new Map()
    const cache = createLlmCache({ store: held, log: false })
    await cache.schedule({ partition: { headers: { authorization: 'Bearer very-secret' } } }, '2h')
    const named = createLlmCache({ store: held, partition: () => 'x', log: false })
    await named.schedule({ partition: 'tenant-of-name' }, '2h')
    expect(held.size).toBe(1)
    expect(decoded(held)).toMatch(/prefixes/)
    expect(decoded(held)).not.toMatch(/very-secret|tenant-of-name/)
    await cache.close()
    await named.close()
  })

  it('invalidating everything, and erasing all of a store, leaves schedules', async () => {
    const held = new Map()
    const clock = createManualClock(NOON)
    const first = scene(held, clock)
    await first.cache.schedule({ pattern: 'a' }, '5h')
    await first.fill('a')
    expect(await first.cache.invalidate({ all: true }, { dryRun: true })).toMatchObject({ matched: 1 })
    expect(await first.cache.invalidate({ all: true })).toMatchObject({ matched: 1, removed: 1 })
    expect(schedulesIn(held)).toBe(1)
    // By somebody else.
    held.clear()
    await first.pass(2 * HOUR)
    expect(schedulesIn(held)).toBe(1)
    await first.cache.close()
  })

  it('what cannot be read, from a later version or garbage, harms nobody', async () => {
    const held = new Map()
    const clock = createManualClock(NOON)
    const store = createKeyvStore(held, { clock })
    store.useCodec?.(createEntryCodec())
    const { recordOf } = await import('../../src/stores/records.js')
    const good: ScheduleItem = {
      id: 'good',
      target: { selector: { pattern: 'a' } },
      timing: { at: NOON + HOUR },
      since: 0,
      over: false,
      version: 1,
    }
    const wrong = { ...good, id: 'later', target: { selector: { moonPhase: 'full' } } }
    const never = { ...good, id: 'never', timing: { cron: 'each full moon' } }
    await store.set(recordOf('lc0.schedules.all', JSON.stringify([good, wrong, never, { id: 5 }, null, 'x']), NOON, NOON + DAY))
    const { cache, events, pass } = scene(held, clock)
    await pass(HOUR)
    expect(events.filter((event) => event.type === 'schedule-ran')).toMatchObject([{ scheduleId: 'good' }])
    const failed = events.flatMap((event) => (event.type === 'schedule-failed' ? [event.scheduleId] : []))
    expect(new Set(failed)).toEqual(new Set(['later', 'never']))
    await cache.close()
  })
})

/** A store of several processes on one Map, with leases as Redis gives them. */
function sharing(held: Map<unknown, unknown>, leases: Map<string, object>): CacheStore {
  const lease = (key: string, own: object): FlightLease => ({
    token: 1,
    held: true,
    followed: async () => false,
    head: () => {},
    write: () => {},
    end: () => {},
    abort: () => {},
    release: () => {},
    async close() {
      if (leases.get(key) === own) leases.delete(key)
    },
  })
  return {
    ...createKeyvStore(held as never),
    sharing: {
      flights: {
        leaseMs: 1000,
        async join(key): Promise<Joining> {
          if (leases.has(key)) return { kind: 'follow', flight: { next: async () => ({ kind: 'lost' }), cancel: () => {} } }
          const own = {}
          leases.set(key, own)
          return { kind: 'lead', lease: lease(key, own) }
        },
        follow: async () => undefined,
      },
    },
  }
}

describe('several processes', () => {
  it('carry a run out in one of them', async () => {
    const [held, leases, clock] = [new Map(), new Map(), createManualClock(NOON)]
    const processes = [1, 2, 3].map(() => scene(sharing(held, leases), clock))
    const [first] = processes
    await first?.cache.schedule({ pattern: 'a' }, '0 * * * *', { id: 'hourly', timezone: 'UTC' })
    for (let minute = 0; minute < 190; minute++) {
      clock.advance(60_000)
      await turns()
    }
    // All know of it after an hour at the latest.
    for (const { cache } of processes) expect(cache.schedules().map(({ id }) => id)).toEqual(['hourly'])
    expect(processes.reduce((sum, { ran }) => sum + ran(), 0)).toBe(3)
    expect(leases.size).toBe(0)
  })

  it('another one takes over from one that died while it was at it', async () => {
    const [held, leases, clock] = [new Map(), new Map<string, object>(), createManualClock(NOON)]
    const first = scene(sharing(held, leases), clock)
    await first.cache.schedule({ pattern: 'a' }, '1h', { id: 'once' })
    await first.cache.close()
    const second = scene(sharing(held, leases), clock)
    await second.pass(2000)
    leases.set('lc0.run.once', {})
    await second.pass(HOUR)
    expect(second.ran()).toBe(0)
    leases.clear()
    await second.pass(60_000)
    expect(second.ran()).toBe(1)
  })

  it('hear of what one of them cancels before they carry it out', async () => {
    const [held, leases, clock] = [new Map(), new Map(), createManualClock(NOON)]
    const [first, second] = [scene(sharing(held, leases), clock), scene(sharing(held, leases), clock)]
    const schedule = await first.cache.schedule({ pattern: 'a' }, '90m')
    await second.pass(HOUR + 2000)
    expect(second.cache.schedules().length).toBe(1)
    await schedule.cancel()
    await second.pass(HOUR)
    expect([second.ran(), second.cache.schedules()]).toEqual([0, []])
  })
})

describe('copies of schedules', () => {
  const item: fc.Arbitrary<ScheduleItem> = fc.record({
    id: fc.constantFrom('a', 'b', 'c'),
    target: fc.constant({ selector: { pattern: 'x' } }),
    timing: fc.constantFrom({ at: 1 }, { cron: '* * * * *' }),
    since: fc.nat(2),
    over: fc.boolean(),
    version: fc.nat(3),
  })
  const list = fc.array(item, { maxLength: 6 })

  it('become the same whoever merges them, in whatever order, however often', () => {
    fc.assert(
      fc.property(list, list, list, (one, two, three) => {
        const merged = mergeItems(one, two, three)
        expect(mergeItems(three, one, two)).toEqual(merged)
        expect(mergeItems(mergeItems(one, two), mergeItems(two, three), merged)).toEqual(merged)
        expect(parseItems(formatItems(merged))).toEqual(merged)
      }),
    )
  })

  it('dates come back as dates', () => {
    const dated: ScheduleItem = {
      id: 'a',
      target: { selector: { olderThan: new Date(NOON) } },
      timing: { at: 1 },
      since: 0,
      over: false,
      version: 1,
    }
    expect(parseItems(formatItems([dated]))).toEqual([dated])
  })
})
