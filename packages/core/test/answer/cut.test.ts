import { describe, expect, test } from 'vitest'
import { type AnswerInput, judgeAnswer } from '../../src/answer/judge.js'
import { type Fixture, OWN_ANSWERS, PROVIDER_ANSWERS } from './fixtures.js'

const encoder = new TextEncoder()

/** Bytes that an answer needs to be whole. */
function wholeBytes({ body, wholeAfter }: Fixture): number {
  if (wholeAfter === undefined) return encoder.encode(body).length
  const at = body.lastIndexOf(wholeAfter)
  if (at < 0) throw new Error(`no ${wholeAfter} in the fixture`)
  return encoder.encode(body.slice(0, at + wholeAfter.length)).length
}

function byteLength({ body }: Fixture): number {
  return encoder.encode(body).length
}

/** Every position at which the cut answer would be stored. */
function storedCuts(fixture: Fixture, circumstances: Pick<AnswerInput, 'streamed' | 'upstream'>, from: number, upTo: number): number[] {
  const body = encoder.encode(fixture.body)
  const stored: number[] = []
  for (let cut = from; cut < upTo; cut++) {
    const verdict = judgeAnswer({
      contentType: fixture.contentType,
      body: body.subarray(0, cut),
      expectsJson: false,
      allowToolCalls: true,
      provider: 'generic',
      ...circumstances,
    })
    if (verdict.kind !== 'skip') stored.push(cut)
  }
  return stored
}

describe.each(PROVIDER_ANSWERS)('$name, cut at any byte', (fixture) => {
  // Nothing is more lenient than an answer in one piece after an upstream that completed.
  test.each([
    { streamed: true, upstream: 'unknown' },
    { streamed: false, upstream: 'complete' },
  ] as const)('is never stored ($upstream upstream, streamed: $streamed)', (circumstances) => {
    const upTo = wholeBytes(fixture)
    expect(upTo).toBeGreaterThan(50)
    expect(storedCuts(fixture, circumstances, 0, upTo)).toEqual([])
  })

  test('is stored as soon as it is whole', () => {
    const from = wholeBytes(fixture)
    const end = byteLength(fixture)
    const stored = storedCuts(fixture, { streamed: true, upstream: 'unknown' }, from, end + 1)
    // A cut inside what follows may again be visible; the first and the last position are not.
    expect([stored[0], stored.at(-1)]).toEqual([from, end])
  })
})

describe.each(OWN_ANSWERS.filter(({ contentType }) => !contentType.startsWith('text/html')))('$name, cut at any byte', (fixture) => {
  test('is never stored while nobody saw the upstream complete', () => {
    const end = byteLength(fixture)
    const stored = storedCuts(fixture, { streamed: true, upstream: 'unknown' }, 0, end + 1)
    expect([stored[0], stored.at(-1)]).toEqual([wholeBytes(fixture), end])
  })
})

test('streamed text, cut or whole, is never stored while nobody saw the upstream complete', () => {
  const fixture = { name: 'text', contentType: 'text/plain; charset=utf-8', body: 'Grüße aus Köln.', protocol: 'text' }
  expect(storedCuts(fixture, { streamed: true, upstream: 'unknown' }, 0, 100)).toEqual([])
})
