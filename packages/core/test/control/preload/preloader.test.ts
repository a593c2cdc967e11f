import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AskParts, createWorld, DAY, HOUR, MINUTE, ORIGIN_MS, type World } from './support.js'

const ROUTINE = ['mail', 'news', 'plan', 'code']

/** The same questions on so many mornings. */
async function mornings(world: World, users: readonly string[], days: number, questions: readonly string[] = ROUTINE): Promise<void> {
  for (let day = 0; day < days; day++) {
    for (const user of users) await world.session(user, questions)
    await world.advance(DAY - users.length * questions.length * MINUTE)
  }
}

const USERS = ['ann', 'bob', 'cyd']

describe('preloading', () => {
  it('watches its predictions first, sends once they have come true, and what it sends is used', async () => {
    const world = createWorld()
    await mornings(world, USERS, 2)
    expect(world.sent).toEqual([])
    expect(world.preloader.stats().sources['follow-up'].on).toBe(false)
    await mornings(world, USERS, 8)
    expect(world.of('preload-switched')[0]).toMatchObject({ what: 'follow-up', on: true, reason: 'proven' })
    const stats = world.preloader.stats()
    expect(stats.sent).toBeGreaterThan(30)
    expect(stats.stored).toBe(stats.sent)
    expect(stats.used).toBe(stats.sent)
    expect(stats).toMatchObject({ wasted: 0, precision: 1 })
    expect(stats.usd).toBeCloseTo(stats.sent * 0.002)
    expect(stats.usedUsd).toBeCloseTo(stats.usd)
    expect(stats.savedMs).toBe(stats.used * ORIGIN_MS)
    expect(await world.ask('ann', 'mail')).toBe('miss')
    await world.advance(MINUTE)
    expect(await world.ask('ann', 'news')).toBe('hit')
    const [started] = world.of('preload-started')
    expect(started).toMatchObject({ route: '/pattern/:id', provider: 'openai-chat', model: 'gpt-4o', source: 'follow-up' })
    expect(started?.probability).toBeGreaterThan(0.3)
    expect(world.of('preload-ended')).toHaveLength(world.sent.length)
    expect(world.of('preload-ended')[0]).toMatchObject({ outcome: 'stored', usd: 0.002 })
    expect(world.of('preload-judged')[0]).toMatchObject({ used: true, savedMs: ORIGIN_MS })
  })

  it('never sends a request of another partition, nor tells of one', async () => {
    const step = fc.record({
      user: fc.integer({ min: 0, max: 3 }),
      // Mostly the one that comes after the caller's last, now and then any.
      question: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 5 }) }),
      gap: fc.integer({ min: 0, max: 40 }),
    })
    let sent = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 100, maxLength: 160 }), async (steps) => {
        // Whatever comes true suffices, and nothing is too dear.
        const world = createWorld({ preload: { minPrecision: 0.01, usdPerSecond: 100 }, cache: { ttl: '20m' } })
        const asked = new Set<string>()
        const last = [0, 0, 0, 0]
        let before = 0
        for (const { user, question: any, gap } of steps) {
          await world.advance(gap * MINUTE)
          const question = any ?? ((last[user] as number) + 1) % 6
          last[user] = question
          before = world.sent.length
          asked.add(`u${user}/q${user}-${question % 3}`)
          await world.ask(`u${user}`, `q${user}-${question % 3}`)
          await world.advance(1000)
          for (const one of world.sent.slice(before)) {
            expect(one.user).toBe(`u${user}`)
            expect(asked).toContain(`${one.user}/${one.question}`)
          }
        }
        const told = JSON.stringify([world.events, world.preloader.stats()])
        expect(told).not.toMatch(/lc1\.|u\d|q\d-\d/)
        sent += world.sent.length
      }),
      { numRuns: 8 },
    )
    expect(sent).toBeGreaterThan(0)
  })

  it('does nothing for traffic in which nothing repeats', async () => {
    const world = createWorld()
    for (let day = 0; day < 10; day++)
      await mornings(
        world,
        USERS,
        1,
        ROUTINE.map((question) => `${question} ${day}`),
      )
    expect(world.sent).toEqual([])
    expect(world.preloader.stats().heldBytes).toBe(0)
  })

  it('switches itself off when habits end, and on again when there are new ones', async () => {
    const world = createWorld({ preload: { usdPerHour: 100 } })
    const many = Array.from({ length: 40 }, (_, index) => `user${index}`)
    const day = async (questions: readonly string[]): Promise<void> => {
      for (const question of questions) {
        for (const user of many) await world.ask(user, question)
        await world.advance(MINUTE)
      }
      await world.advance(DAY)
    }
    for (let count = 0; count < 4; count++) await day(ROUTINE)
    expect(world.preloader.stats()).toMatchObject({ wasted: 0, sources: { 'follow-up': { on: true } } })
    // The first question goes on being asked; what followed it does not.
    for (let count = 0; count < 4; count++) await day(['mail'])
    expect(world.of('preload-switched').at(-1)).toMatchObject({
      what: 'follow-up',
      on: false,
      reason: expect.stringMatching(/precision|value/),
    })
    const { wasted, sources } = world.preloader.stats()
    expect(sources['follow-up']).toMatchObject({ on: false, count: 100 })
    expect(wasted).toBeGreaterThan(20)
    const before = world.sent.length
    await day(['mail'])
    expect(world.sent.length).toBe(before)
    for (let count = 0; count < 8; count++) await day(['tea', 'toast', 'jam'])
    expect(world.of('preload-switched').at(-1)).toMatchObject({ what: 'follow-up', on: true, reason: 'proven' })
    expect(world.sent.length).toBeGreaterThan(before)
  })

  it('ceases for one caller who cannot be predicted any more, and goes on for the others', async () => {
    const world = createWorld({ preload: { usdPerSecond: 0.1 } })
    const all = [...USERS, 'dot', 'eve', 'zed']
    await mornings(world, all, 10)
    const ofZed = (): number => world.sent.filter(({ user }) => user === 'zed').length
    const before = ofZed()
    expect(before).toBeGreaterThan(0)
    for (let count = 0; count < 10; count++) {
      await world.session('zed', ['mail'])
      for (const user of all.slice(0, -1)) await world.session(user, ROUTINE)
      await world.advance(4 * HOUR)
    }
    expect(world.of('preload-switched').at(-1)).toMatchObject({ what: 'partition', on: false, reason: 'precision' })
    expect(world.preloader.stats()).toMatchObject({ partitions: { known: 6, off: 1 }, sources: { 'follow-up': { on: true } } })
    const after = ofZed()
    const others = world.sent.length - after
    await mornings(world, all, 1)
    expect(ofZed()).toBe(after)
    expect(world.sent.length - after).toBeGreaterThan(others)
    await mornings(world, all, 6)
    expect(world.of('preload-switched').at(-1)).toMatchObject({ what: 'partition', on: true, reason: 'proven' })
    expect(ofZed()).toBeGreaterThan(after)
  })

  it('keeps the budget, and sends the most promising first', async () => {
    const world = createWorld({ preload: { usdPerHour: 0.011 } })
    const many = Array.from({ length: 12 }, (_, index) => `user${index}`)
    for (let day = 0; day < 12; day++) {
      const before = world.sent.length
      for (const question of ROUTINE) {
        for (const user of many) await world.ask(user, question)
        await world.advance(MINUTE)
      }
      expect((world.sent.length - before) * 0.002).toBeLessThanOrEqual(0.011)
      await world.advance(DAY)
    }
    expect(world.sent.length).toBeGreaterThan(10)
    expect(world.preloader.stats().usd).toBeCloseTo(world.sent.length * 0.002)
  })

  it('sends no more at once than it may', async () => {
    let running = 0
    let most = 0
    const world = createWorld({
      preload: { concurrency: 2 },
      result: () => {
        running++
        most = Math.max(most, running)
        return 'never'
      },
    })
    const many = Array.from({ length: 6 }, (_, index) => `user${index}`)
    for (let day = 0; day < 6; day++) {
      for (const question of ROUTINE) {
        for (const user of many) await world.ask(user, question)
        await world.advance(MINUTE)
      }
      await world.advance(DAY)
      running = 0
    }
    expect(most).toBe(2)
  })

  it.each([true, false])('waits while the origin has other work, and not for long; others may join that: %s', async (shared) => {
    const world = createWorld({ preload: { whileBelow: 1 } })
    await mornings(world, USERS, 8)
    const before = world.sent.length
    const flight = world.flights.open('lc1.x.y', { shared, timeoutMs: 60_000, maxBytes: 1000 })
    await world.ask('ann', 'mail')
    await world.advance(5000)
    expect(world.sent.length).toBe(before)
    flight.abort()
    flight.done()
    await world.advance(500)
    expect(world.sent.length).toBeGreaterThan(before)
    const busy = world.flights.open('lc1.x.y', { shared, timeoutMs: 60_000, maxBytes: 1000 })
    const then = world.sent.length
    await world.ask('bob', 'mail')
    await world.advance(15_000)
    busy.abort()
    busy.done()
    await world.advance(15_000)
    expect(world.sent.length).toBe(then)
  })

  it('does not ask where it would not pay', async () => {
    const dear = createWorld({ usd: 1 })
    await mornings(dear, USERS, 10)
    expect(dear.sent).toEqual([])
    const worth = createWorld({ usd: 1, preload: { usdPerSecond: 10, usdPerHour: 1000 } })
    await mornings(worth, USERS, 10)
    expect(worth.sent.length).toBeGreaterThan(0)
  })

  it('leaves out what was not stored before, what asks for something of its own, and routes that say no', async () => {
    const skipped = createWorld()
    await mornings(skipped, USERS, 8)
    for (const user of USERS) for (const question of ROUTINE) skipped.marks.skipped(`lc1.${user}.${question}`, 'tool-calls', false)
    const before = skipped.sent.length
    await mornings(skipped, USERS, 1)
    expect(skipped.sent.length).toBe(before)

    const askings: readonly AskParts[] = [
      { headers: { 'cache-control': 'no-cache' } },
      { headers: { 'x-llm-cache-control': 'max-age=60' } },
      { refresh: true },
    ]
    for (const parts of askings) {
      const own = createWorld()
      for (let day = 0; day < 8; day++) {
        for (const question of ROUTINE) {
          for (const user of USERS) await own.ask(user, question, parts)
          await own.advance(MINUTE)
        }
        await own.advance(DAY)
      }
      expect(own.preloader.stats().heldBytes).toBe(0)
      expect(own.sent).toEqual([])
    }

    const refused = createWorld()
    for (let day = 0; day < 8; day++) {
      for (const question of ROUTINE) await refused.ask('ann', question, { preload: false })
      await refused.advance(DAY)
    }
    expect(refused.preloader.stats()).toMatchObject({ sent: 0, heldBytes: 0, partitions: { known: 0 } })
  })

  it('takes failures for waste, and asks no more until the caller did', async () => {
    let broken = false
    const world = createWorld({
      result: () => (broken ? { kind: 'failed', reason: 'status', usd: 0.002, tokens: 5 } : (undefined as never)),
    })
    await mornings(world, USERS, 8)
    const { used, wasted } = world.preloader.stats()
    expect(used).toBeGreaterThan(0)
    broken = true
    const before = world.sent.length
    await world.ask('ann', 'mail')
    await world.advance(MINUTE)
    const tried = world.sent.length - before
    expect(tried).toBeGreaterThan(0)
    expect(world.preloader.stats().wasted).toBe(wasted + tried)
    expect(world.of('preload-ended').at(-1)).toMatchObject({ outcome: 'failed', reason: 'status', usd: 0.002 })
    await world.ask('ann', 'mail')
    await world.advance(MINUTE)
    expect(world.sent.length).toBe(before + tried)
  })

  it('does not try again for a while where the app cannot be asked', async () => {
    let unable = false
    let tries = 0
    const world = createWorld({
      result: () => {
        if (!unable) return undefined as never
        tries++
        return 'unable'
      },
    })
    await mornings(world, USERS, 8)
    unable = true
    await world.ask('ann', 'mail')
    await world.advance(1000)
    await world.ask('bob', 'mail')
    await world.advance(1000)
    expect(tries).toBe(1)
    expect(world.of('preload-ended').at(-1)).toMatchObject({ outcome: 'failed', reason: 'not-reached' })
  })

  it('counts an answer that was there already, or is being made, neither way', async () => {
    for (const kind of ['fresh', 'elsewhere'] as const) {
      let other = false
      const world = createWorld({ result: () => (other ? { kind } : (undefined as never)) })
      await mornings(world, USERS, 8)
      other = true
      const before = world.preloader.stats()
      await world.ask('ann', 'mail')
      await world.advance(2 * HOUR)
      await world.ask('bob', 'other')
      const after = world.preloader.stats()
      expect(after.sent).toBeGreaterThan(before.sent)
      expect(after).toMatchObject({ used: before.used, wasted: before.wasted, usd: before.usd })
      expect(world.of('preload-ended').at(-1)).toMatchObject({ outcome: kind, usd: undefined })
      expect(after.budget.running).toBe(0)
    }
  })

  it('forgets a partition that is removed, and a key', async () => {
    const world = createWorld()
    await mornings(world, USERS, 8)
    const { heldBytes } = world.preloader.stats()
    world.preloader.forget({ prefix: 'lc1.ann.' })
    expect(world.preloader.stats().partitions.known).toBe(2)
    expect(world.preloader.stats().heldBytes).toBeCloseTo((heldBytes * 2) / 3)
    const before = world.sent.length
    await world.session('ann', ROUTINE)
    expect(world.sent.length).toBe(before)
    world.preloader.forget({ keys: new Set(['lc1.bob.news']) })
    await world.session('bob', ROUTINE)
    expect(world.sent.slice(before).map(({ question }) => question)).not.toContain('news')
    world.preloader.forget({ prefix: '' })
    expect(world.preloader.stats()).toMatchObject({ heldBytes: 0, partitions: { known: 0 } })
  })

  it('stays within its bounds', async () => {
    const world = createWorld({ preload: { maxPartitions: 10, maxHeldBytes: 20_000 } })
    for (let round = 0; round < 3; round++) {
      for (let user = 0; user < 50; user++) for (const question of ROUTINE) await world.ask(`user${user}`, question)
      await world.advance(2 * MINUTE)
    }
    expect(world.preloader.stats().partitions.known).toBe(10)
    expect(world.preloader.stats().heldBytes).toBeLessThanOrEqual(20_000)
    await world.advance(4 * DAY)
    await world.session('someone', ['else'])
    await mornings(world, ['user49'], 1)
    expect(world.sent).toEqual([])
  })

  it('does the same for the same traffic, and nothing once it is closed', async () => {
    const run = async (): Promise<World> => {
      const world = createWorld()
      await mornings(world, USERS, 8)
      return world
    }
    const [one, other] = await Promise.all([run(), run()])
    expect(one.events.length).toBeGreaterThan(50)
    expect(other.events).toEqual(one.events)
    expect(other.sent).toEqual(one.sent)
    await one.ask('ann', 'mail')
    one.preloader.close()
    const before = one.sent.length
    await mornings(one, USERS, 1)
    expect(one.sent.length).toBe(before)
    expect(one.clock.pending()).toBe(0)
  })

  it('outlives jumps of the wall clock', async () => {
    const world = createWorld()
    await mornings(world, USERS, 4)
    const { now } = world.clock
    let jump = 0
    Object.assign(world.clock, { now: () => now() + jump })
    for (jump of [1000 * DAY, -1000 * DAY, 0]) await mornings(world, USERS, 2)
    expect(world.preloader.stats().precision).toBe(1)
    expect(world.preloader.stats().sent).toBeGreaterThan(0)
    expect(world.of('internal-error')).toEqual([])
  })
})
