import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHabits, type Habits, hourBucket, MAX_ITEMS, type Prospect, SESSION_GAP_MS } from '../../../src/control/preload/habits.js'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** Asks for each in turn, a minute apart, in a session of its own. */
function session(habits: Habits, at: number, digests: readonly string[], bucket = 9): number {
  let now = at
  for (const digest of digests) {
    habits.observe(digest, { at: now, bucket })
    now += MINUTE
  }
  return now
}

function probability(prospects: readonly Prospect[], digest: string): number {
  const shares = prospects.find((prospect) => prospect.digest === digest)?.shares
  return shares ? shares['follow-up'] + shares.hour + shares.habit : 0
}

describe('habits', () => {
  it('foresee what follows, the surer the oftener it did', () => {
    const habits = createHabits()
    const found: number[] = []
    for (let day = 0; day < 10; day++) {
      const now = session(habits, day * DAY, ['ask', 'more'])
      found.push(probability(habits.prospects({ at: now, bucket: 9 }, 0), 'ask'))
      session(habits, day * DAY + 5 * SESSION_GAP_MS, ['ask'])
      const likely = probability(habits.prospects({ at: day * DAY + 5 * SESSION_GAP_MS, bucket: 9 }, 0), 'more')
      found[day] = likely
      session(habits, day * DAY + 5 * SESSION_GAP_MS + MINUTE, ['more'])
    }
    expect(found[0]).toBe(0)
    expect(found[9]).toBeGreaterThan(0.8)
    for (let day = 2; day < 10; day++) expect(found[day]).toBeGreaterThan(found[day - 1] as number)
  })

  it('count a follow-up among the next three requests of the session, not later and not after a pause', () => {
    const follows = (between: number, pauseMs: number): number => {
      const habits = createHabits()
      for (let day = 0; day < 6; day++) {
        const once = Array.from({ length: between }, (_, index) => `${day}-${index}`)
        const now = session(habits, day * DAY, ['ask', ...once])
        session(habits, now + pauseMs, ['more'])
      }
      habits.observe('ask', { at: 6 * DAY, bucket: 3 })
      const found = habits.prospects({ at: 6 * DAY, bucket: 3 }, 0).find(({ digest }) => digest === 'more')
      return found?.shares['follow-up'] ?? 0
    }
    expect(follows(0, 0)).toBeGreaterThan(0.6)
    expect(follows(2, 0)).toBeGreaterThan(0.6)
    expect(follows(3, 0)).toBe(0)
    expect(follows(0, SESSION_GAP_MS)).toBe(0)
  })

  it('foresee by the hour what is asked at that hour, and by habit what is asked in every session', () => {
    const habits = createHabits()
    for (let day = 0; day < 12; day++) {
      session(habits, day * DAY, [`a${day}`, 'morning', `b${day}`, `c${day}`, 'always'], 9)
      session(habits, day * DAY + DAY / 2, [`d${day}`, 'evening', `e${day}`, `f${day}`, 'always'], 21)
    }
    habits.observe('new', { at: 12 * DAY, bucket: 9 })
    const found = habits.prospects({ at: 12 * DAY, bucket: 9 }, 0)
    expect(probability(found, 'morning')).toBeGreaterThan(0.8)
    expect(probability(found, 'always')).toBeGreaterThan(0.8)
    expect(probability(found, 'evening')).toBeLessThan(0.15)
    habits.observe('newer', { at: 13 * DAY, bucket: 15 })
    const unusual = habits.prospects({ at: 13 * DAY, bucket: 15 }, 0)
    // At an hour never seen the habit alone speaks.
    const always = unusual.find(({ digest }) => digest === 'always')?.shares
    expect(always?.hour).toBe(0)
    expect(always?.habit).toBeGreaterThan(0.8)
    expect(probability(unusual, 'morning')).toBeLessThan(0.6)
  })

  it('forget in time what is not asked any more', () => {
    const after = (days: number): number => {
      const habits = createHabits()
      for (let day = 0; day < 5; day++) session(habits, day * DAY, ['old', 'x'])
      for (let day = 0; day < 5; day++) session(habits, (days + day) * DAY, ['y'])
      return probability(habits.prospects({ at: (days + 5) * DAY, bucket: 9 }, 0), 'old')
    }
    expect(after(120)).toBeLessThan(after(6) / 3)
  })

  it('never foresee what was asked once, nor what was just asked, nor below the least probability', () => {
    const habits = createHabits()
    for (let day = 0; day < 5; day++) session(habits, day * DAY, ['ask', 'more', `once ${day}`])
    habits.observe('ask', { at: 5 * DAY, bucket: 9 })
    const all = habits.prospects({ at: 5 * DAY, bucket: 9 }, 0).map(({ digest }) => digest)
    expect(all).toEqual(['more'])
    expect(habits.prospects({ at: 5 * DAY, bucket: 9 }, 0.99)).toEqual([])
  })

  it('give probabilities, remember a bounded number, and give equal answers for equal traffic', () => {
    const step = fc.record({
      digest: fc.integer({ min: 0, max: 200 }),
      gap: fc.integer({ min: 0, max: 90 }),
      bucket: fc.integer({ min: 0, max: 47 }),
    })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 400 }), (steps) => {
        const both = [createHabits(), createHabits()] as const
        let at = 0
        for (const { digest, gap, bucket } of steps) {
          at += gap * MINUTE
          for (const habits of both) habits.observe(`d${digest}`, { at, bucket })
          const [one, other] = both.map((habits) => habits.prospects({ at, bucket }, 0))
          expect(one).toEqual(other)
          expect(one?.length).toBeLessThanOrEqual(MAX_ITEMS)
          for (const { shares } of one ?? []) {
            const total = shares['follow-up'] + shares.hour + shares.habit
            expect(total).toBeGreaterThanOrEqual(0)
            expect(total).toBeLessThanOrEqual(1)
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  it('keep habits through a flood of what is asked once', () => {
    const habits = createHabits()
    for (let day = 0; day < 5; day++) {
      session(habits, day * DAY, ['ask', 'more'])
      // Before it was asked twice it is as good as they are.
      if (day > 0)
        session(
          habits,
          day * DAY + DAY / 2,
          Array.from({ length: 200 }, (_, index) => `${day}-${index}`),
        )
    }
    habits.observe('ask', { at: 6 * DAY, bucket: 9 })
    expect(probability(habits.prospects({ at: 6 * DAY, bucket: 9 }, 0), 'more')).toBeGreaterThan(0.5)
  })

  it('forget what they are told to forget', () => {
    const habits = createHabits()
    for (let day = 0; day < 5; day++) session(habits, day * DAY, ['ask', 'more'])
    habits.forget('more')
    habits.observe('ask', { at: 6 * DAY, bucket: 9 })
    expect(habits.prospects({ at: 6 * DAY, bucket: 9 }, 0)).toEqual([])
    expect(habits.seen('more')).toBe(0)
  })
})

describe('hourBucket', () => {
  it('is the hour of the process, working days and weekends apart', () => {
    expect(hourBucket(new Date(2026, 0, 5, 7, 59).getTime())).toBe(7)
    expect(hourBucket(new Date(2026, 0, 9, 23).getTime())).toBe(23)
    expect(hourBucket(new Date(2026, 0, 10, 0, 30).getTime())).toBe(24)
    expect(hourBucket(new Date(2026, 0, 11, 9).getTime())).toBe(33)
  })
})
