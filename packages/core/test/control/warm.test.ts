import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WarmOptions } from '../../src/control/warm/options.js'
import type { WarmReport } from '../../src/control/warm/tally.js'
import { OptionError } from '../../src/errors.js'
import { type Answer, fakeApp, held, prompts, stored, turns } from './warm-support.js'

const host = 'api.example.com'
const failedIn = (report: WarmReport): number => report.failed.reduce((sum, { count }) => sum + count, 0)
const sumOf = (report: WarmReport): number =>
  report.warmed + report.alreadyCached + report.elsewhere + report.skippedByBudget + failedIn(report)
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('the report', () => {
  it('says what became of every request', async () => {
    const answers: Answer[] = [
      stored(0.01, 100),
      { kind: 'fresh' },
      { kind: 'elsewhere' },
      { kind: 'failed', reason: 'finish-length', tokens: 50, usd: 0.005 },
      { result: { kind: 'failed', reason: 'status' }, status: 503 },
      401,
      200,
      undefined,
      { kind: 'failed', reason: 'not-llm' },
      stored(0.02, 200),
    ]
    const { warmer, events } = fakeApp((_, count) => answers[count - 1])
    const report = await warmer.warm(prompts(10), { host })
    expect(report).toEqual({
      requests: 10,
      warmed: 2,
      alreadyCached: 1,
      elsewhere: 1,
      skippedByBudget: 0,
      failed: [
        { reason: 'not-reached', count: 2, samples: [7, 8] },
        { reason: 'finish-length', count: 1, samples: [4] },
        { reason: 'status-503', count: 1, samples: [5] },
        { reason: 'status-401', count: 1, samples: [6] },
        { reason: 'not-llm', count: 1, samples: [9] },
      ],
      stoppedBy: 'end',
      tokens: 350,
      usd: 0.035,
      ms: 0,
    })
    expect(events).toEqual([expect.objectContaining({ type: 'warm-ended', requests: 10, failed: 6, stoppedBy: 'end', usd: 0.035 })])
  })

  it('adds up whatever happens, and no bound is passed by more than one request', async () => {
    const answer = fc.oneof(
      fc.record({
        kind: fc.constant('stored' as const),
        entryId: fc.constant('e'),
        tokens: fc.nat(500),
        usd: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      fc.constant<Answer>({ kind: 'fresh' }),
      fc.constant<Answer>({ kind: 'elsewhere' }),
      fc.constant<Answer>({ kind: 'failed', reason: 'status' }),
      fc.constant<Answer>(429),
      fc.constant<Answer>(undefined),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(answer, { maxLength: 40 }),
        fc.record({ concurrency: fc.integer({ min: 1, max: 5 }), maxFailures: fc.integer({ min: 1, max: 10 }) }),
        fc.option(fc.double({ min: 0.1, max: 5, noNaN: true }), { nil: undefined }),
        fc.boolean(),
        async (answers, options, maxUsd, counted) => {
          const costs: number[] = []
          const { warmer, sent, peak } = fakeApp(async ({ n }) => {
            await turns(n % 3)
            const given = answers[n - 1]
            if (typeof given === 'object' && 'kind' in given && given.kind === 'stored') costs.push(given.usd as number)
            return given
          })
          const all = prompts(answers.length)
          const source = counted
            ? all
            : (function* () {
                yield* all
              })()
          const report = await warmer.warm(source, { host, ...options, maxUsd })
          expect(sumOf(report)).toBe(report.requests)
          expect(sent.length).toBe(report.requests - report.skippedByBudget)
          if (counted && report.stoppedBy === 'budget-usd') expect(report.requests).toBe(answers.length)
          expect(report.usd).toBeCloseTo(costs.reduce((sum, cost) => sum + cost, 0))
          expect(peak()).toBeLessThanOrEqual(options.concurrency)
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('budgets', () => {
  it.each([1, 2, 7, 50])('are kept to within one request with %i at once', async (concurrency) => {
    const { warmer, sent } = fakeApp(async ({ n }) => {
      await turns(n % 5)
      return stored(0.01, 100)
    })
    const report = await warmer.warm(prompts(500), { host, concurrency, maxUsd: 1.005 })
    expect(report).toMatchObject({ warmed: 100, skippedByBudget: 400, requests: 500, stoppedBy: 'budget-usd', tokens: 10_000 })
    expect(report.usd).toBeCloseTo(1)
    expect(sent).toHaveLength(100)
  })

  it('of tokens too', async () => {
    const { warmer } = fakeApp(() => stored(undefined, 100))
    expect(await warmer.warm(prompts(20), { host, maxTokens: 1000 })).toMatchObject({
      warmed: 10,
      stoppedBy: 'budget-tokens',
      tokens: 1000,
    })
  })

  it('are passed by one request at most where costs differ, as long as the dearest came before the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 30, maxLength: 60 }),
        fc.integer({ min: 1, max: 8 }),
        async (usd, concurrency) => {
          // The first is the dearest.
          const costs = [...usd].sort((a, b) => b - a)
          const { warmer } = fakeApp(async ({ n }) => {
            await turns(n % 4)
            return stored(costs[n - 1], 1)
          })
          const report = await warmer.warm(prompts(costs.length), { host, concurrency, maxUsd: 3 })
          expect(report.usd).toBeLessThanOrEqual(3 + (costs[0] as number))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('let the first request go alone, since nobody knows what one costs', async () => {
    const first = held<Answer>()
    const { warmer, sent } = fakeApp((_, count) => (count === 1 ? first.promise : stored(5)))
    const running = warmer.warm(prompts(10), { host, concurrency: 5, maxUsd: 0.5 })
    await turns()
    expect(sent).toHaveLength(1)
    first.resolve(stored(2))
    expect(await running).toMatchObject({ warmed: 1, skippedByBudget: 9, stoppedBy: 'budget-usd', usd: 2 })
  })

  it('do not stop at what is cached already', async () => {
    const { warmer } = fakeApp((_, count) => (count % 2 ? { kind: 'fresh' } : stored(0.1)))
    expect(await warmer.warm(prompts(20), { host, maxUsd: 1 })).toMatchObject({ alreadyCached: 10, warmed: 10, stoppedBy: 'end' })
  })

  it('end where an answer does not tell what it cost', async () => {
    const { warmer, sent } = fakeApp(() => stored(undefined, 10))
    const report = await warmer.warm(prompts(20), { host, maxUsd: 1, concurrency: 4 })
    expect(report).toMatchObject({ warmed: 1, skippedByBudget: 19, stoppedBy: 'cost-unknown' })
    expect(sent).toHaveLength(1)
  })

  it.each<[string, Answer]>([
    ['refused by a gate', { kind: 'failed', reason: 'too-large' }],
    ['of a model without a price', { kind: 'failed', reason: 'finish-length', tokens: 100 }],
    ['that never came to the cache', 200],
    ['that the cache stayed out of', { kind: 'failed', reason: 'not-llm' }],
    ['that broke off', undefined],
  ])('end at an answer %s, as long as no cost is known', async (_, answer) => {
    const { warmer, sent } = fakeApp(() => answer)
    const report = await warmer.warm(prompts(20), { host, maxUsd: 1, concurrency: 4 })
    expect(report).toMatchObject({ stoppedBy: 'cost-unknown', skippedByBudget: 19, usd: 0 })
    expect(sent).toHaveLength(1)
    expect(sumOf(report)).toBe(report.requests)
  })

  it('count an answer of unknown cost as the dearest so far', async () => {
    const costs = [0.01, 0.2]
    const { warmer, sent } = fakeApp((_, count) => (count <= costs.length ? stored(costs[count - 1]) : 200))
    const report = await warmer.warm(prompts(50), { host, maxUsd: 1, concurrency: 1, maxFailures: 100 })
    // 0.21 and four times 0.2.
    expect(sent).toHaveLength(6)
    expect(report).toMatchObject({ stoppedBy: 'budget-usd', usd: expect.closeTo(0.21), skippedByBudget: 44 })
  })

  it.each<[string, Answer]>([
    ['an error of the app', 503],
    ['an error that the cache saw', { result: { kind: 'failed', reason: 'status' }, status: 429 }],
    ['what no model was asked for', { kind: 'failed', reason: 'not-reached', tokens: 0, usd: 0 }],
  ])('do not count %s', async (_, answer) => {
    const { warmer, sent } = fakeApp((_sent, count) => (count <= 5 ? answer : stored(0.1)))
    const report = await warmer.warm(prompts(20), { host, maxUsd: 1, concurrency: 1 })
    expect(report).toMatchObject({ warmed: 10, stoppedBy: 'budget-usd', skippedByBudget: 5 })
    expect(sent).toHaveLength(15)
  })
})

describe('a run', () => {
  it('keeps to its rate, which cached answers do not use up', async () => {
    const { warmer, clock, sent } = fakeApp((_, count) => (count <= 10 ? { kind: 'fresh' } : stored()))
    const running = warmer.warm(prompts(14), { host, ratePerSecond: 2 })
    await turns(60)
    expect(sent.length).toBe(11)
    for (let count = 12; count <= 14; count++) {
      clock.advance(499)
      await turns()
      expect(sent).toHaveLength(count - 1)
      clock.advance(1)
      await turns()
      expect(sent).toHaveLength(count)
    }
    expect(await running).toMatchObject({ warmed: 4, alreadyCached: 10, ms: 1500 })
    expect(clock.pending()).toBe(0)
  })

  it('takes requests only as it can send them', async () => {
    let taken = 0
    async function* endless() {
      for (;;) {
        taken++
        yield { url: '/chat', body: { n: taken } }
      }
    }
    const { warmer } = fakeApp(() => stored(0.1))
    expect(await warmer.warm(endless(), { host, maxUsd: 1 })).toMatchObject({ requests: 11, warmed: 10, skippedByBudget: 1 })
    expect(taken).toBe(11)
  })

  it('ends after its signal: what is under way is counted, nothing more is sent, and the source is told', async () => {
    const answers = [held<Answer>(), held<Answer>()]
    let closed = false
    function* source() {
      try {
        yield* prompts(10)
      } finally {
        closed = true
      }
    }
    const controller = new AbortController()
    const { warmer, sent, clock } = fakeApp((_, count) => answers[count - 1]?.promise)
    const running = warmer.warm(source(), { host, signal: controller.signal })
    await turns()
    controller.abort()
    answers[0]?.resolve(stored(0.1))
    answers[1]?.resolve(stored(0.1))
    expect(await running).toMatchObject({ requests: 2, warmed: 2, stoppedBy: 'signal' })
    expect(sent).toHaveLength(2)
    expect(closed).toBe(true)
    expect(clock.pending()).toBe(0)
  })

  it('breaks off what has not ended ten seconds after its signal', async () => {
    const controller = new AbortController()
    const { warmer, clock } = fakeApp(({ signal }) => new Promise((resolve) => signal?.addEventListener('abort', () => resolve(undefined))))
    const running = warmer.warm(prompts(5), { host, signal: controller.signal })
    await turns()
    controller.abort()
    clock.advance(9999)
    await turns()
    clock.advance(1)
    expect(await running).toMatchObject({ requests: 2, failed: [{ reason: 'aborted', count: 2, samples: [1, 2] }], stoppedBy: 'signal' })
  })

  it('is not begun where the signal was given before', async () => {
    const { warmer, sent } = fakeApp(() => stored())
    expect(await warmer.warm(prompts(5), { host, signal: AbortSignal.abort() })).toMatchObject({ requests: 0, stoppedBy: 'signal' })
    expect(sent).toEqual([])
  })

  it('does not wait for a source that waits', async () => {
    const controller = new AbortController()
    async function* silent(): AsyncGenerator<{ url: string }> {
      await new Promise(() => undefined)
      yield { url: '/never' }
    }
    const { warmer } = fakeApp(() => stored())
    const running = warmer.warm(silent(), { host, signal: controller.signal })
    await turns()
    controller.abort()
    expect(await running).toMatchObject({ requests: 0, stoppedBy: 'signal' })
  })

  it('is broken off when the cache is closed, and none begins after that', async () => {
    const { warmer, sent } = fakeApp(({ signal }) => new Promise((resolve) => signal?.addEventListener('abort', () => resolve(undefined))))
    const running = warmer.warm(prompts(5), { host })
    await turns()
    warmer.close()
    expect(await running).toMatchObject({ requests: 2, stoppedBy: 'closed', failed: [{ reason: 'aborted', count: 2 }] })
    expect(await warmer.warm(prompts(5), { host })).toMatchObject({ requests: 0, stoppedBy: 'closed' })
    expect(sent).toHaveLength(2)
  })

  it('gives up after many failures in a row', async () => {
    const { warmer, sent } = fakeApp((_, count) => (count === 15 ? stored() : 503))
    const report = await warmer.warm(prompts(100), { host, concurrency: 1 })
    expect(report).toMatchObject({ stoppedBy: 'failures', warmed: 1, failed: [{ reason: 'status-503', count: 34 }] })
    expect(sent).toHaveLength(35)
    expect(sumOf(report)).toBe(report.requests)
  })

  it('does not wait for ever for the word of the cache', async () => {
    const { warmer, clock } = fakeApp(() => 'silence')
    const running = warmer.warm(prompts(1), { host })
    await turns()
    clock.advance(60_000)
    expect(await running).toMatchObject({ failed: [{ reason: 'not-reached', count: 1, samples: [1] }] })
    expect(clock.pending()).toBe(0)
  })

  it('tells how far it is', async () => {
    const seen: unknown[] = []
    const { warmer, clock } = fakeApp(async () => {
      clock.advance(100)
      return stored(0.5, 10)
    })
    await warmer.warm(prompts(4), { host, concurrency: 1, onProgress: (progress) => seen.push(progress) })
    expect(seen).toHaveLength(4)
    expect(seen[0]).toEqual({ done: 1, total: 4, warmed: 1, alreadyCached: 0, elsewhere: 0, failed: 0, tokens: 10, usd: 0.5, etaMs: 300 })
    expect(seen[3]).toMatchObject({ done: 4, usd: 2, etaMs: 0 })
  })

  it('throws what the caller throws, after what was under way', async () => {
    const last = held<Answer>()
    function* source() {
      yield* prompts(1)
      throw new RangeError('source')
    }
    const { warmer } = fakeApp(() => last.promise)
    let over = false
    const running = warmer.warm(source(), { host }).finally(() => {
      over = true
    })
    await turns()
    expect(over).toBe(false)
    last.resolve(stored())
    await expect(running).rejects.toThrow('source')
    const { warmer: other, sent } = fakeApp(() => stored())
    const onProgress = (): void => {
      throw new TypeError('progress')
    }
    await expect(other.warm(prompts(50), { host, onProgress })).rejects.toThrow('progress')
    expect(sent.length).toBeLessThan(5)
  })
})

describe('requests', () => {
  it('are sent as clients send them', async () => {
    const { warmer, sent } = fakeApp(() => stored())
    await warmer.warm(
      [
        { url: '/chat?a=1', body: { q: 'é' } },
        { url: 'https://other.example:8443/x', method: 'get', headers: { Authorization: 'own' } },
        { url: '/text', headers: [['content-type', 'text/plain']], body: 'plain' },
        { url: '/bytes', headers: { host: 'third.example' }, body: new Uint8Array([1, 2]) },
      ],
      { host, headers: { authorization: 'Bearer warm', 'x-plan': 'gold' } },
    )
    expect(sent.map(({ request }) => ({ ...request, headers: Object.fromEntries(request.headers), body: text(request.body) }))).toEqual([
      {
        method: 'POST',
        url: '/chat?a=1',
        headers: { authorization: 'Bearer warm', 'x-plan': 'gold', Host: host, 'Content-Type': 'application/json' },
        body: '{"q":"é"}',
      },
      { method: 'GET', url: '/x', headers: { Authorization: 'own', 'x-plan': 'gold', Host: 'other.example:8443' }, body: '' },
      {
        method: 'POST',
        url: '/text',
        headers: { authorization: 'Bearer warm', 'x-plan': 'gold', 'content-type': 'text/plain', Host: host },
        body: 'plain',
      },
      {
        method: 'POST',
        url: '/bytes',
        headers: { authorization: 'Bearer warm', 'x-plan': 'gold', Host: 'third.example', 'Content-Type': 'application/json' },
        body: '\u0001\u0002',
      },
    ])
  })

  const circular: { self?: object } = {}
  circular.self = circular
  it.each([
    [null],
    ['/chat'],
    [{}],
    [{ url: 'chat' }],
    [{ url: '/a b' }],
    [{ url: '/a#b' }],
    [{ url: 'ftp://x/y' }],
    [{ url: '/x', method: 'DELETE' }],
    [{ url: '/x', body: 5 }],
    [{ url: '/x', body: circular }],
    [{ url: '/x', headers: { 'a b': 'c' } }],
    [{ url: '/x', headers: { a: 'b\r\nc: d' } }],
    [{ url: '/x', headers: 'a' }],
  ])('%j is none, and does not stop the others', async (wrong) => {
    const { warmer, sent } = fakeApp(() => stored())
    const report = await warmer.warm([wrong as never, ...prompts(1)], { host })
    expect(report).toMatchObject({ requests: 2, warmed: 1, failed: [{ reason: 'invalid-request', count: 1, samples: [1] }] })
    expect(sent).toHaveLength(1)
  })

  it('without a host would never be found again: an error before anything is paid', async () => {
    const { warmer, sent } = fakeApp(() => stored())
    await expect(warmer.warm(prompts(3))).rejects.toThrow(/host is needed/)
    expect(sent).toEqual([])
    await expect(warmer.warm(prompts(3), { headers: { host } })).resolves.toMatchObject({ warmed: 3 })
  })
})

describe('wrong options', () => {
  it.each<[object, RegExp]>([
    [{ concurency: 3 }, /unknown option concurency; did you mean "concurrency"/],
    [{ concurrency: 0 }, /concurrency is 0/],
    [{ concurrency: 5000 }, /concurrency is 5000/],
    [{ maxUsd: 0 }, /maxUsd is 0; it must be a number above zero/],
    [{ maxTokens: '10' }, /maxTokens/],
    [{ ratePerSecond: Number.POSITIVE_INFINITY }, /ratePerSecond/],
    [{ host: 'https://x' }, /host is/],
    [{ headers: { a: 1 } }, /headers must be/],
    [{ signal: true }, /signal is true/],
    [{ onProgress: 1 }, /onProgress/],
    [{ timezone: 'UTC' }, /unknown option timezone/],
  ])('%j', async (options, message) => {
    const { warmer, sent } = fakeApp(() => stored())
    await expect(warmer.warm(prompts(1), { host, ...(options as WarmOptions) })).rejects.toThrow(message)
    expect(sent).toEqual([])
  })

  it.each<[unknown, RegExp]>([
    ['populr', /requests is "populr", which is no path of a file; did you mean "popular"/],
    [5, /requests is 5/],
    [{}, /requests is an object/],
    [{ file: 5 }, /file is 5/],
    [{ file: 'a.txt', template: 1 }, /unknown option template/],
    [{ file: 'a.txt', request: 1 }, /request is 1/],
  ])('%j is no source', async (source, message) => {
    const { warmer } = fakeApp(() => stored())
    await expect(warmer.warm(source as never, { host })).rejects.toThrow(message)
  })

  it('an app is needed, if the cache knows of none', async () => {
    const { warmer } = fakeApp(() => stored(), { dispatchTo: () => undefined })
    const error = await warmer.warm(prompts(1), { host }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OptionError)
    expect(error).toMatchObject({ option: 'app' })
  })
})
