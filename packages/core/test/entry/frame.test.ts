import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry } from '../../src/entry/entry.js'
import { decodeFrame, encodeFrame } from '../../src/entry/frame.js'
import { FrameError } from '../../src/errors.js'
import { sha256 } from '../../src/platform/node.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'

const clock = { now: () => 1_750_000_000_000 }
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('__proto__', 'constructor', '', '\u0000', '\r\n', '\ud800', '"]}', '\ufeff', 'a'.repeat(3000)),
)
const time = fc.integer({ min: 0, max: 4_000_000_000_000 })
const amount = fc.oneof(
  fc.nat(),
  fc.double({ min: 0, max: 1e9, noNaN: true }).map((value) => value + 0.5),
)

const usage = fc.record(
  { inputTokens: fc.nat(), outputTokens: fc.nat(), cachedInputTokens: fc.nat() },
  { requiredKeys: [], noNullPrototype: true },
)

const entries: fc.Arbitrary<Entry> = fc
  .record({
    id: hostile,
    key: hostile,
    times: fc.tuple(time, time, time).map((times) => times.sort((a, b) => a - b)),
    status: fc.integer({ min: 200, max: 599 }),
    headers: fc.array(fc.tuple(hostile, hostile), { maxLength: 5 }),
    body: fc.uint8Array({ maxLength: 600 }),
    coding: fc.option(fc.constantFrom('gzip', 'br', 'zstd', 'lz4'), { nil: undefined }),
    more: fc.nat({ max: 1000 }),
    cuts: fc.option(fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), amount), { maxLength: 6 }), { nil: undefined }),
    meta: fc.record(
      {
        provider: hostile,
        model: fc.option(hostile, { nil: undefined }),
        route: fc.option(hostile, { nil: undefined }),
        usage: fc.option(usage, { nil: undefined }),
        originMs: amount,
        tags: fc.array(hostile, { maxLength: 4 }),
        dependsOn: fc.array(hostile, { maxLength: 3 }),
        snapshot: hostile,
        callsTools: fc.constant(true as const),
        startedAt: amount,
        by: hostile,
        knows: fc.array(fc.tuple(hostile, amount), { maxLength: 3 }),
        rounds: fc.array(hostile, { maxLength: 3 }),
        inherits: fc.array(fc.tuple(hostile, amount, amount), { maxLength: 3 }),
      },
      { noNullPrototype: true, requiredKeys: ['provider', 'model', 'route', 'usage', 'originMs', 'tags'] },
    ),
  })
  .map(({ times, cuts, coding, more, ...rest }) => ({
    ...rest,
    ...(coding && { encoding: { coding, decodedBytes: rest.body.length + more } }),
    storedAt: times[0] as number,
    staleAt: times[1] as number,
    deleteAt: times[2] as number,
    chunks: cuts && marks(cuts, rest.body.length + (coding ? more : 0)),
  }))

function marks(cuts: readonly (readonly [number, number])[], length: number): [number, number][] {
  const ends = cuts.map(([share]) => Math.floor(share * length)).sort((a, b) => a - b)
  const times = cuts.map(([, ms]) => ms).sort((a, b) => a - b)
  return ends.map((end, index) => [end, times[index] as number])
}

function reasonOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof FrameError) return error.reason
    throw error
  }
  return 'none'
}

/** A frame with this header and body and a correct checksum. */
function forge(header: unknown, body: Uint8Array = new Uint8Array(0), coding = 0): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : (JSON.stringify(header) ?? ''))
  const prefix = Buffer.alloc(14)
  prefix.write('LLMC')
  prefix[4] = 1
  prefix[5] = coding
  prefix.writeUInt32BE(json.length, 6)
  prefix.writeUInt32BE(body.length, 10)
  const content = Buffer.concat([prefix, json, body])
  return Buffer.concat([content, Buffer.from(sha256(content).slice(0, 22))])
}

describe('frame', () => {
  it('brings back any entry', () => {
    fc.assert(
      fc.property(entries, (entry) => {
        expect(decodeFrame(encodeFrame(entry), entry.key)).toStrictEqual(entry)
      }),
      { numRuns: 1000 },
    )
  })

  it('has a stable layout', () => {
    const frame = encodeFrame(sampleEntry(clock, { body: new TextEncoder().encode('body') }))
    expect(Buffer.from(frame).toString('base64')).toMatchInlineSnapshot(
      `"TExNQwEAAAABHwAAAAR7ImlkIjoiQUFFQ0F3UUZCZ2NJQ1FvTERBME9EdyIsImtleSI6ImxjMS5wYXJ0aXRpb24ucmVxdWVzdCIsInN0b3JlZEF0IjoxNzUwMDAwMDAwMDAwLCJzdGFsZUF0IjoxNzUwMDAwMzAwMDAwLCJkZWxldGVBdCI6MTc1MDAwMDYwMDAwMCwic3RhdHVzIjoyMDAsImhlYWRlcnMiOltbImNvbnRlbnQtdHlwZSIsImFwcGxpY2F0aW9uL2pzb24iXV0sIm1ldGEiOnsicHJvdmlkZXIiOiJvcGVuYWktY2hhdCIsIm1vZGVsIjoiZ3B0LTUiLCJyb3V0ZSI6Ii9jaGF0Iiwib3JpZ2luTXMiOjgwMCwidGFncyI6W119fWJvZHllUktGUGE2em50WmJ2dGsxa2F5c1RQ"`,
    )
  })

  it('never yields another entry and never throws anything else, whatever is done to the bytes', () => {
    const samples = fc.sample(entries, { numRuns: 50, seed: 7 }).map((entry) => ({ ...entry, key: 'lc1.p.r' }))
    const frames = samples.map(encodeFrame)
    const random = createRandom(42)
    let accepted = 0
    let same = 0
    for (let run = 0; run < 50_000; run++) {
      const index = random(samples.length)
      const original = frames[index] as Uint8Array
      const other = frames[random(frames.length)] as Uint8Array
      const bytes = mutate(original, other, random)
      if (Buffer.compare(bytes, original) === 0) {
        same++
        continue
      }
      // A splice may happen to be the whole of the other frame, which is that entry then.
      const whole = frames.findIndex((frame) => frame.length === bytes.length && Buffer.compare(frame, bytes) === 0)
      const reason = reasonOf(() => {
        const entry = decodeFrame(bytes, 'lc1.p.r')
        accepted++
        expect(entry).toStrictEqual(samples[whole])
      })
      if ((reason === 'none') !== whole >= 0) expect.unreachable(`frame ${whole}: ${reason}`)
    }
    expect(accepted).toBeLessThan(1000)
    expect(same).toBeLessThan(6000)
  })

  it('throws nothing but FrameError on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, magic) => {
        const start = magic ? [0x4c, 0x4c, 0x4d, 0x43, 1, 0] : []
        expect(reasonOf(() => decodeFrame(Uint8Array.from([...start, ...bytes]), 'k'))).not.toBe('none')
      }),
      { numRuns: 2000 },
    )
    for (const value of [undefined, null, 'text', 5, {}, [], new ArrayBuffer(40)]) {
      expect(reasonOf(() => decodeFrame(value as unknown as Uint8Array, 'k'))).toBe('not-a-frame')
    }
  })

  it('throws nothing but FrameError on any header, though the checksum be right', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(reasonOf(() => decodeFrame(forge(json), 'k'))).toBe('header')
      }),
    )
    expect(reasonOf(() => decodeFrame(forge('[1'), 'k'))).toBe('header')
    expect(reasonOf(() => decodeFrame(forge(`${'['.repeat(200_000)}`), 'k'))).toBe('header')
  })

  const { body: _, ...header } = sampleEntry(clock, { key: 'k', chunks: [[3, 1]] })
  it('reads a forged frame that is right', () => {
    expect(decodeFrame(forge({ ...header, later: 1 }, new Uint8Array(3)), 'k')).toStrictEqual({ ...header, body: new Uint8Array(3) })
  })

  it.each<[string, object]>([
    ['no id', { id: undefined }],
    ['id', { id: 5 }],
    ['no key', { key: null }],
    ['storedAt after staleAt', { storedAt: header.staleAt + 1 }],
    ['staleAt after deleteAt', { staleAt: header.deleteAt + 1 }],
    ['time as text', { deleteAt: '1750000000000' }],
    ['time for ever', { deleteAt: null }],
    ['negative time', { storedAt: -1 }],
    ['status 199', { status: 199 }],
    ['status 600', { status: 600 }],
    ['status 200.5', { status: 200.5 }],
    ['headers as object', { headers: { a: 'b' } }],
    ['header value of another type', { headers: [['a', 1]] }],
    ['header of three', { headers: [['a', 'b', 'c']] }],
    ['header as text', { headers: ['ab'] }],
    [
      'chunks falling',
      {
        chunks: [
          [2, 1],
          [1, 2],
        ],
      },
    ],
    [
      'chunk times falling',
      {
        chunks: [
          [1, 2],
          [2, 1],
        ],
      },
    ],
    ['chunks beyond the body', { chunks: [[4, 1]] }],
    ['chunk end in parts', { chunks: [[1.5, 1]] }],
    ['chunk of three', { chunks: [[1, 1, 1]] }],
    ['chunks null', { chunks: null }],
    ['no meta', { meta: undefined }],
    ['meta array', { meta: [] }],
    ['provider', { meta: { ...header.meta, provider: 1 } }],
    ['model null', { meta: { ...header.meta, model: null } }],
    ['usage array', { meta: { ...header.meta, usage: [] } }],
    ['usage text', { meta: { ...header.meta, usage: { inputTokens: '1' } } }],
    ['usage negative', { meta: { ...header.meta, usage: { outputTokens: -1 } } }],
    ['originMs', { meta: { ...header.meta, originMs: null } }],
    ['tags', { meta: { ...header.meta, tags: [1] } }],
    ['tags as text', { meta: { ...header.meta, tags: 'a' } }],
  ])('refuses a header with a wrong field: %s', (_name, wrong) => {
    expect(reasonOf(() => decodeFrame(forge({ ...header, ...wrong }, new Uint8Array(3)), 'k'))).toBe('header')
  })

  const encoded = { ...header, decodedBytes: 9, chunks: [[9, 1]] }
  it('reads a forged frame whose body is encoded', () => {
    const { decodedBytes, ...rest } = encoded
    for (const [at, coding] of ['gzip', 'br', 'zstd', 'lz4'].entries()) {
      const expected = { ...rest, encoding: { coding, decodedBytes }, body: new Uint8Array(3) }
      expect(decodeFrame(forge(encoded, new Uint8Array(3), at + 1), 'k')).toStrictEqual(expected)
    }
    // Of a body that is as recorded the length is what it is.
    expect(reasonOf(() => decodeFrame(forge(encoded, new Uint8Array(3), 0), 'k'))).toBe('header')
  })

  it.each<[string, unknown, string]>([
    ['no decoded length', undefined, 'header'],
    ['as text', '9', 'header'],
    ['in parts', 9.5, 'header'],
    ['negative', -1, 'header'],
    ['less than the chunks', 8, 'header'],
    ['above the limit', 1001, 'too-large'],
    ['far above the limit', 1e300, 'too-large'],
  ])('refuses a decoded length: %s', (_name, decodedBytes, reason) => {
    expect(reasonOf(() => decodeFrame(forge({ ...encoded, decodedBytes }, new Uint8Array(3), 1), 'k', 1000))).toBe(reason)
  })

  it('has a bound of its own for decoded lengths', () => {
    const claim = (decodedBytes: number): string =>
      reasonOf(() => decodeFrame(forge({ ...encoded, decodedBytes }, new Uint8Array(3), 1), 'k'))
    expect(claim(64 * 1024 * 1024)).toBe('none')
    expect(claim(64 * 1024 * 1024 + 1)).toBe('too-large')
  })

  it('names the reason', () => {
    const frame = encodeFrame(sampleEntry(clock, { key: 'k' }))
    const changed = (at: number, value: number): Uint8Array => frame.with(at, value)
    expect(reasonOf(() => decodeFrame(frame, 'other'))).toBe('foreign-key')
    expect(reasonOf(() => decodeFrame(changed(0, 0), 'k'))).toBe('not-a-frame')
    expect(reasonOf(() => decodeFrame(changed(4, 2), 'k'))).toBe('version')
    for (const coding of [5, 6, 0x7f, 0x81, 0xff]) expect(reasonOf(() => decodeFrame(changed(5, coding), 'k'))).toBe('version')
    for (const coding of [1, 2, 3, 4]) expect(reasonOf(() => decodeFrame(changed(5, coding), 'k'))).toBe('checksum')
    expect(reasonOf(() => decodeFrame(changed(5, 0x80), 'k'))).toBe('sealed')
    expect(reasonOf(() => decodeFrame(frame.subarray(0, 5), 'k'))).toBe('truncated')
    expect(reasonOf(() => decodeFrame(frame.subarray(0, 4), 'k'))).toBe('not-a-frame')
    expect(reasonOf(() => decodeFrame(changed(20, 0), 'k'))).toBe('checksum')
    expect(reasonOf(() => decodeFrame(frame.subarray(0, 10), 'k'))).toBe('truncated')
    expect(reasonOf(() => decodeFrame(frame.subarray(0, -1), 'k'))).toBe('truncated')
    expect(reasonOf(() => decodeFrame(Buffer.concat([frame, frame]), 'k'))).toBe('truncated')
  })

  it('says nothing of the content in its errors', () => {
    const frame = forge('{"id": secret}')
    expect(() => decodeFrame(frame, 'k')).toThrow(expect.not.objectContaining({ message: expect.stringContaining('secret') }))
  })

  it('does not keep more memory alive than the entry needs', () => {
    for (const size of [10, 3000, 100_000]) {
      const frame = encodeFrame(sampleEntry(clock, { key: 'k', body: new Uint8Array(size).fill(7) }))
      const pool = Buffer.alloc(frame.length * 4)
      pool.set(frame, 100)
      for (const bytes of [pool.subarray(100, 100 + frame.length), Buffer.from(frame), frame]) {
        const { body } = decodeFrame(bytes, 'k')
        expect(Buffer.from(body).equals(new Uint8Array(size).fill(7))).toBe(true)
        expect(body.buffer.byteLength).toBeLessThanOrEqual(size * 1.125)
      }
    }
  })
})

type Random = (below: number) => number

function createRandom(seed: number): Random {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function mutate(frame: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const kind = random(5)
  if (kind === 0) return frame.subarray(0, random(frame.length))
  if (kind === 1) return Buffer.concat([frame.subarray(0, random(frame.length)), other.subarray(random(other.length))])
  if (kind === 2) {
    const [from, to, length] = [random(frame.length), random(frame.length), random(16)]
    return new Uint8Array(frame).copyWithin(to, from, from + length)
  }
  if (kind === 3) return Buffer.concat([frame, other.subarray(0, 1 + random(20))])
  const copy = new Uint8Array(frame)
  for (let flips = 1 + random(3); flips > 0; flips--) {
    const at = random(copy.length)
    copy[at] = (copy[at] as number) ^ (1 << random(8))
  }
  return copy
}
