import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AnswerInput, judgeAnswer } from '../../src/answer/judge.js'
import { cpuTime } from '../cpu-time.js'
import { OWN_ANSWERS, PROVIDER_ANSWERS } from './fixtures.js'

const encoder = new TextEncoder()
const fixtures = [...PROVIDER_ANSWERS, ...OWN_ANSWERS]
const types = [
  ...new Set(fixtures.map(({ contentType }) => contentType)),
  '',
  'image/png',
  'application/octet-stream',
  ';;',
  'TEXT/Event-Stream',
]

const circumstances = fc.record({
  contentType: fc.constantFrom(...types),
  streamed: fc.boolean(),
  expectsJson: fc.boolean(),
  allowToolCalls: fc.boolean(),
  upstream: fc.constantFrom<AnswerInput['upstream']>('complete', 'failed', 'unknown'),
  provider: fc.constantFrom('generic', 'ai-sdk-ui', 'openai-chat', '__proto__'),
})

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.string({ unit: 'binary' }).map((text) => encoder.encode(text)),
  fc.json().map((text) => encoder.encode(text)),
  fc
    .array(fc.constantFrom('data:', ' ', '\n', '\r', '{', '}', '[', ']', '"', ':', 'event: error', '[DONE]', 'null', '\uFEFF', '1'))
    .map((parts) => encoder.encode(parts.join(''))),
)

test('any bytes under any type are judged, never thrown at', () => {
  fc.assert(
    fc.property(circumstances, anyBytes, (input, body) => {
      expect(['complete', 'skip']).toContain(judgeAnswer({ ...input, body }).kind)
    }),
    { numRuns: 2000 },
  )
})

describe('hostile members', () => {
  const hostile = fc.constantFrom<unknown>(
    null,
    0,
    -1,
    '',
    'x',
    true,
    [],
    [null],
    [[]],
    {},
    { __proto__: null },
    { type: 5 },
    [{ type: [] }],
    1e308,
  )

  /** Replaces the `at`-th value of all nested ones. */
  function replace(value: unknown, at: { count: number }, by: unknown): unknown {
    if (at.count-- === 0) return by
    if (Array.isArray(value)) return value.map((member) => replace(member, at, by))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, replace(member, at, by)]))
  }

  const bodies = fixtures.filter(({ body }) => body.startsWith('{')).flatMap(({ body }) => body.split(/\n(?=\{)/).slice(-2))
  test('of the wrong type in otherwise valid JSON and events are judged', () => {
    fc.assert(
      fc.property(circumstances, fc.constantFrom(...bodies), fc.nat(40), hostile, fc.boolean(), (input, text, at, by, asEvent) => {
        const mutant = JSON.stringify(replace(JSON.parse(text), { count: at }, by))
        const body = encoder.encode(asEvent ? `data: ${mutant}\n\ndata: [DONE]\n\n` : mutant)
        expect(['complete', 'skip']).toContain(judgeAnswer({ ...input, body }).kind)
      }),
      { numRuns: 3000 },
    )
  })
})

test('a good answer with one byte changed, lost or doubled is judged', () => {
  fc.assert(
    fc.property(circumstances, fc.constantFrom(...fixtures), fc.nat(), fc.nat(255), fc.nat(2), (input, fixture, position, byte, mode) => {
      const bytes = [...encoder.encode(fixture.body)]
      const at = position % bytes.length
      bytes.splice(at, mode === 0 ? 0 : 1, ...(mode === 2 ? [] : [byte]))
      expect(['complete', 'skip']).toContain(judgeAnswer({ ...input, contentType: fixture.contentType, body: Uint8Array.from(bytes) }).kind)
    }),
    { numRuns: 1000 },
  )
})

describe('JSON made to hurt', () => {
  const judge = (body: string, contentType = 'application/json') =>
    judgeAnswer({
      contentType,
      body: encoder.encode(body),
      streamed: false,
      expectsJson: false,
      allowToolCalls: false,
      upstream: 'unknown',
      provider: 'generic',
    })

  test('100,000 levels deep', () => {
    const depth = 100_000
    for (const body of ['['.repeat(depth) + ']'.repeat(depth), `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`, '['.repeat(depth)])
      for (const type of ['application/json', 'text/plain', 'application/x-ndjson'])
        expect(['complete', 'skip']).toContain(judge(body, type).kind)
    expect(judge(`data: ${'['.repeat(depth)}\n\n`, 'text/event-stream').kind).toBe('complete')
  })

  test('__proto__ and constructor as member names say nothing', () => {
    const body = '{"answer":"x","__proto__":{"error":"no"},"constructor":{"prototype":{}}}'
    expect(judge(body)).toMatchObject({ kind: 'complete', protocol: 'json' })
    expect(({} as { error?: unknown }).error).toBeUndefined()
  })

  test('128 KB of one line, of blank lines and of openers takes no more than linear time', () => {
    const size = 1 << 17
    const started = process.cpuUsage()
    for (const unit of ['\n', '\r', '\r\n', ':', ':\n', 'event:', 'event:\n', 'event: a\r', 'data:', 'data:\n', '{', ' ', '"', '{}\n'])
      for (const type of ['text/event-stream', 'text/plain', 'application/json', 'application/x-ndjson'])
        judge(unit.repeat(size / unit.length), type)
    // 56 bodies: a quadratic one alone takes longer.
    expect(cpuTime(started)).toBeLessThan(5000)
  }, 120_000)
})
