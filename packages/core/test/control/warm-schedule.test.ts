import { describe, expect, it } from 'vitest'
import type { WarmReport } from '../../src/control/warm/tally.js'
import { type Answer, fakeApp, held, prompts, stored, turns } from './warm-support.js'

const host = 'api.example.com'
const HOUR = 3_600_000
// The manual clock starts at 2025-06-15T15:06:40Z.
const FIRST_MS = HOUR - (6 * 60 + 40) * 1000

describe('warming on schedule', () => {
  it('runs at its times, and reports', async () => {
    const { warmer, clock, sent, events } = fakeApp(() => stored(0.1))
    const reports: WarmReport[] = []
    const schedule = await warmer.schedule('0 * * * *', prompts(2), { host, timezone: 'UTC', onReport: (report) => reports.push(report) })
    expect(schedule.nextAt).toBe(clock.now() + FIRST_MS)
    clock.advance(FIRST_MS)
    await turns()
    expect(sent).toHaveLength(2)
    clock.advance(HOUR)
    await turns()
    expect(reports.map(({ warmed, stoppedBy }) => [warmed, stoppedBy])).toEqual([
      [2, 'end'],
      [2, 'end'],
    ])
    expect(events.map(({ type }) => type)).toEqual(['warm-ended', 'warm-ended'])
    schedule.stop()
    expect(schedule.nextAt).toBeUndefined()
    clock.advance(10 * HOUR)
    await turns()
    expect(sent).toHaveLength(4)
    expect(clock.pending()).toBe(0)
  })

  it('asks for its requests anew each time', async () => {
    let run = 0
    const { warmer, clock, sent } = fakeApp(() => stored())
    await warmer.schedule('0 * * * *', () => prompts(++run), { host })
    for (let hour = 0; hour < 3; hour++) {
      clock.advance(HOUR)
      await turns()
    }
    expect(sent).toHaveLength(6)
    warmer.close()
  })

  it('never overlaps with itself', async () => {
    const slow = held<Answer>()
    const { warmer, clock, sent } = fakeApp((_, count) => (count === 1 ? slow.promise : stored()))
    const schedule = await warmer.schedule('0 * * * *', prompts(1), { host })
    clock.advance(HOUR)
    await turns()
    expect(schedule.nextAt).toBeUndefined()
    clock.advance(5 * HOUR)
    await turns()
    expect(sent).toHaveLength(1)
    slow.resolve(stored())
    await turns()
    clock.advance(HOUR)
    await turns()
    expect(sent).toHaveLength(2)
    warmer.close()
  })

  it('goes on after a run that failed, and says so', async () => {
    const errors: unknown[] = []
    const { warmer, clock, events } = fakeApp(() => stored())
    const broken = (): never => {
      throw new RangeError('no list today')
    }
    await warmer.schedule('0 * * * *', broken, { host, onError: (error) => errors.push(error) })
    await warmer.schedule('0 * * * *', broken, { host })
    clock.advance(2 * HOUR)
    await turns()
    clock.advance(HOUR)
    await turns()
    expect(errors).toEqual([expect.any(RangeError), expect.any(RangeError)])
    expect(events.filter(({ type }) => type === 'internal-error')).toEqual([
      expect.objectContaining({ where: 'warm', errorName: 'RangeError' }),
      expect.objectContaining({ where: 'warm', errorName: 'RangeError' }),
    ])
    warmer.close()
  })

  it('ends with its signal and with the cache, also in the middle of a run', async () => {
    const controller = new AbortController()
    const { warmer, clock, sent } = fakeApp(
      ({ signal }) => new Promise((resolve) => signal?.addEventListener('abort', () => resolve(undefined))),
    )
    const reports: WarmReport[] = []
    const options = { host, onReport: (report: WarmReport) => void reports.push(report) }
    const schedule = await warmer.schedule('0 * * * *', prompts(5), { ...options, signal: controller.signal })
    const other = await warmer.schedule('30 * * * *', prompts(5), options)
    controller.abort()
    expect(schedule.nextAt).toBeUndefined()
    clock.advance(HOUR)
    await turns()
    expect(sent).toHaveLength(2)
    warmer.close()
    await turns()
    expect(reports).toMatchObject([{ stoppedBy: 'closed', failed: [{ reason: 'aborted', count: 2 }] }])
    expect(other.nextAt).toBeUndefined()
    expect((await warmer.schedule('* * * * *', prompts(1), { host })).nextAt).toBeUndefined()
    expect((await warmer.schedule('* * * * *', prompts(1), { host, signal: AbortSignal.abort() })).nextAt).toBeUndefined()
    expect(clock.pending()).toBe(0)
  })

  it('is refused at once where it could never work', async () => {
    const { warmer, clock } = fakeApp(() => stored())
    await expect(warmer.schedule('never', prompts(1), { host })).rejects.toThrow(/cron is "never"/)
    await expect(warmer.schedule('* * * * *', prompts(1), { host, timezone: 'Mars' })).rejects.toThrow(/timezone/)
    await expect(warmer.schedule('* * * * *', prompts(1), { host, timezon: 'UTC' } as never)).rejects.toThrow(
      /timezon; did you mean "timezone"/,
    )
    await expect(warmer.schedule('* * * * *', 5 as never, { host })).rejects.toThrow(/requests is 5/)
    await expect(warmer.schedule('* * * * *', prompts(1).values(), { host })).rejects.toThrow(/only once/)
    expect(clock.pending()).toBe(0)
  })
})
