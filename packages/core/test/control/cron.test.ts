import { describe, expect, it } from 'vitest'
import { parseCron, scheduleAt, startCron } from '../../src/control/cron.js'
import { PeerMissingError } from '../../src/errors.js'
import { createManualClock } from '../../src/testing/manual-clock.js'

const HOUR = 3_600_000
const NOON = Date.UTC(2026, 10, 20, 12)
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('cron expressions', () => {
  it('name times in a time zone', async () => {
    const times = await parseCron('cron', '0 4 * * *', 'Europe/Berlin')
    expect(times.next(NOON)).toBe(Date.UTC(2026, 10, 21, 3))
    expect(times.next(Date.UTC(2026, 6, 1))).toBe(Date.UTC(2026, 6, 1, 2))
    expect((await parseCron('cron', '*/10 * * * * *')).next(NOON)).toBe(NOON + 10_000)
  })

  it('may name no time at all', async () => {
    expect((await parseCron('cron', '0 0 30 2 *', 'UTC')).next(NOON)).toBeUndefined()
  })

  it.each([
    ['hourly', undefined, /cron is "hourly"; it must be a cron expression/],
    ['61 * * * *', undefined, /cron is "61/],
    [7, undefined, /cron is 7/],
    ['* * * * *', 'Europe/Berln', /timezone is "Europe\/Berln"/],
  ])('%s in %s is an error that says what is valid', async (expression, timezone, message) => {
    await expect(parseCron('cron', expression, timezone)).rejects.toThrow(message)
  })

  it('need croner, and say so', async () => {
    const load = (): Promise<never> => Promise.reject(new PeerMissingError('croner', 'npm install croner'))
    await expect(parseCron('cron', '* * * * *', undefined, load)).rejects.toMatchObject({ code: 'ERR_PEER_MISSING', peer: 'croner' })
  })
})

describe('a job', () => {
  it('is done at each time, and never while it is still being done', async () => {
    const clock = createManualClock(NOON)
    const began: number[] = []
    let end: () => void = () => undefined
    const job = startCron(await parseCron('cron', '0 * * * *', 'UTC'), clock, () => {
      began.push((clock.now() - NOON) / HOUR)
      return new Promise<void>((resolve) => {
        end = resolve
      })
    })
    expect(job.nextAt).toBe(NOON + HOUR)
    clock.advance(HOUR)
    expect(job.nextAt).toBeUndefined()
    clock.advance(2.5 * HOUR)
    end()
    await turn()
    expect(job.nextAt).toBe(NOON + 4 * HOUR)
    clock.advance(HOUR)
    expect(began).toEqual([1, 4])
  })

  it('ends when it is stopped, also while it is being done', async () => {
    const clock = createManualClock(NOON)
    let count = 0
    const times = await parseCron('cron', '0 * * * *', 'UTC')
    const work = async (): Promise<void> => void count++
    startCron(times, clock, work).stop()
    const job = startCron(times, clock, work)
    clock.advance(HOUR)
    job.stop()
    await turn()
    clock.advance(10 * HOUR)
    expect(count).toBe(1)
    expect(clock.pending()).toBe(0)
  })

  it('waits for months, longer than a timer of the platform can', () => {
    const clock = createManualClock(NOON)
    let at = 0
    scheduleAt(NOON + 2000.5 * HOUR, clock, () => {
      at = clock.now()
    })
    clock.advance(2000 * HOUR)
    expect(at).toBe(0)
    clock.advance(HOUR)
    expect(at).toBe(NOON + 2000.5 * HOUR)
  })

  it('is done late by an hour at most when the clock is set forward', () => {
    let offset = 0
    const clock = createManualClock(NOON)
    const jumping = { ...clock, now: () => clock.now() + offset }
    let done = false
    scheduleAt(NOON + 24 * HOUR, jumping, () => {
      done = true
    })
    offset = 24 * HOUR
    clock.advance(HOUR)
    expect(done).toBe(true)
  })
})
