import { describe, expect, it } from 'vitest'
import { createCompression } from '../../src/compression/compression.js'
import { type HitOptions, hitReply } from '../../src/engine/replies.js'
import type { Entry } from '../../src/entry/entry.js'
import { FrameError } from '../../src/errors.js'
import type { Reply } from '../../src/exchange.js'
import { headerValue } from '../../src/http/headers.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'

const clock = createManualClock()
const compression = createCompression(false, { maxDecodedBytes: 1e6, clock })
const text = `{"choices":[{"message":{"content":"${'forty-two, as ever; '.repeat(200)}"}}]}`
const plain = sampleEntry(clock, {
  body: new TextEncoder().encode(text),
  headers: [
    ['Content-Type', 'application/json'],
    ['ETag', 'W/"tag"'],
  ],
})

async function encoded(algorithm: 'gzip' | 'brotli' | 'zstd' | 'lz4', fields: Partial<Entry> = {}): Promise<Entry> {
  const entry = await createCompression(algorithm, { maxDecodedBytes: 1e6, clock }).encode({ ...plain, ...fields })
  expect(entry.encoding).toBeDefined()
  return entry
}

const options = (more: Partial<HitOptions> = {}): HitOptions => ({
  name: 'llm-cache',
  pace: 'instant',
  clock,
  now: clock.now(),
  ifNoneMatch: undefined,
  acceptEncoding: undefined,
  decode: compression.decode,
  ...more,
})

function bytesOf({ body }: Reply): Uint8Array {
  if (body.kind !== 'bytes') throw new Error('no bytes')
  return body.bytes
}

const field = (reply: Reply, name: string): string | undefined => headerValue(reply.headers, name)

describe('hits on compressed entries', () => {
  it.each([
    ['gzip', 'gzip'],
    ['brotli', 'br'],
    ['zstd', 'zstd'],
  ] as const)('%s goes as it is stored to who takes it, decoded to who does not', async (algorithm, coding) => {
    const entry = await encoded(algorithm)
    const taken = hitReply(entry, options({ acceptEncoding: `deflate, ${coding}` })) as Reply
    expect(bytesOf(taken)).toBe(entry.body)
    expect(field(taken, 'content-encoding')).toBe(coding)
    for (const acceptEncoding of [undefined, '', 'deflate', `${coding};q=0`, 'identity']) {
      const refused = await hitReply(entry, options({ acceptEncoding }))
      expect(new TextDecoder().decode(bytesOf(refused))).toBe(text)
      expect(field(refused, 'content-encoding')).toBeUndefined()
      expect(field(refused, 'vary')).toBe('Accept-Encoding')
    }
    expect(field(taken, 'vary')).toBe('Accept-Encoding')
    expect(field(taken, 'etag')).toBe('W/"tag"')
    expect(field(taken, 'x-llm-cache')).toBe('HIT')
    expect(field(taken, 'content-length')).toBeUndefined()
  })

  it('lz4 stays inside, and clients get the same whatever they accept', async () => {
    const entry = await encoded('lz4')
    for (const acceptEncoding of ['lz4', '*', undefined]) {
      const reply = hitReply(entry, options({ acceptEncoding })) as Reply
      expect(new TextDecoder().decode(bytesOf(reply))).toBe(text)
      expect(field(reply, 'content-encoding')).toBeUndefined()
      expect(field(reply, 'vary')).toBeUndefined()
    }
  })

  it.each<[string, readonly string[], string]>([
    ['joins an existing Vary', ['Accept'], 'Accept, Accept-Encoding'],
    ['says it once', ['Origin, accept-encoding'], 'Origin, accept-encoding'],
    ['has nothing to add to *', ['*'], '*'],
    ['keeps several lines', ['Accept', 'Origin'], 'Accept, Accept-Encoding, Origin'],
    ['is not put off by an empty one', [''], ', Accept-Encoding'],
  ])('%s', async (_name, vary, expected) => {
    const entry = await encoded('gzip', { headers: [['a', 'b'], ...vary.map((value) => ['vary', value] as const)] })
    for (const acceptEncoding of ['gzip', undefined]) {
      expect(field(hitReply(entry, options({ acceptEncoding })) as Reply, 'vary')).toBe(expected)
    }
    expect(entry.headers).toHaveLength(vary.length + 1)
  })

  it('answers 304 without decoding, with Vary and without a coding', async () => {
    const entry = await encoded('gzip')
    const decode = (): never => {
      throw new Error('not to be decoded')
    }
    for (const acceptEncoding of ['gzip', undefined]) {
      const reply = hitReply(entry, options({ acceptEncoding, decode, ifNoneMatch: 'W/"tag"' })) as Reply
      expect(reply.status).toBe(304)
      expect(bytesOf(reply)).toHaveLength(0)
      expect(field(reply, 'vary')).toBe('Accept-Encoding')
      expect(field(reply, 'etag')).toBe('W/"tag"')
      expect(field(reply, 'content-encoding')).toBeUndefined()
      expect(field(reply, 'content-type')).toBeUndefined()
    }
    const lz4 = hitReply(await encoded('lz4'), options({ ifNoneMatch: '"tag"' })) as Reply
    expect([lz4.status, field(lz4, 'vary')]).toEqual([304, undefined])
    expect((hitReply(entry, options({ ifNoneMatch: '"other"' })) as Reply).status).toBe(200)
  })

  it("weakens the origin's strong validator where other bytes go out", async () => {
    const entry = await encoded('gzip', { headers: [['ETag', '"strong"']] })
    expect(field(hitReply(entry, options({ acceptEncoding: 'gzip' })) as Reply, 'etag')).toBe('W/"strong"')
    expect(field(hitReply(entry, options()) as Reply, 'etag')).toBe('"strong"')
  })

  it('paces decoded bytes in their recorded chunks', async () => {
    const length = plain.body.byteLength
    const entry = await encoded('gzip', {
      chunks: [
        [100, 0],
        [length, 5],
      ],
    })
    const reply = hitReply(entry, options({ acceptEncoding: 'gzip', pace: 'recorded' })) as Reply
    expect(field(reply, 'content-encoding')).toBeUndefined()
    expect(field(reply, 'vary')).toBe('Accept-Encoding')
    if (reply.body.kind !== 'chunks') throw new Error('not paced')
    const first = await reply.body.chunks.next()
    expect(first).toEqual({ kind: 'chunk', bytes: plain.body.subarray(0, 100) })
    const second = Promise.resolve(reply.body.chunks.next())
    clock.advance(5)
    expect(await second).toEqual({ kind: 'chunk', bytes: plain.body.subarray(100) })
    // An answer in one piece has no pace.
    const whole = hitReply(await encoded('gzip'), options({ acceptEncoding: 'gzip', pace: 'recorded' })) as Reply
    expect(field(whole, 'content-encoding')).toBe('gzip')
  })

  it('is at once for small bodies and later for large ones', async () => {
    const small = await encoded('gzip')
    expect(hitReply(small, options())).not.toBeInstanceOf(Promise)
    const body = new TextEncoder().encode(text.repeat(20))
    const large = await encoded('gzip', { body })
    expect(hitReply(large, options({ acceptEncoding: 'gzip' }))).not.toBeInstanceOf(Promise)
    const reply = hitReply(large, options())
    expect(reply).toBeInstanceOf(Promise)
    expect(Buffer.from(bytesOf(await reply)).equals(body)).toBe(true)
  })

  it('surfaces bodies that cannot be decoded', async () => {
    const small = await encoded('gzip')
    expect(() => hitReply({ ...small, body: small.body.subarray(5) }, options())).toThrow(FrameError)
    const large = await encoded('gzip', { body: new TextEncoder().encode(text.repeat(20)) })
    await expect(hitReply({ ...large, body: large.body.subarray(5) }, options())).rejects.toThrow(FrameError)
  })

  it('asks nothing of entries without a coding', () => {
    const decode = (): never => {
      throw new Error('not to be decoded')
    }
    const reply = hitReply(plain, options({ acceptEncoding: 'gzip', decode })) as Reply
    expect(bytesOf(reply)).toBe(plain.body)
    expect(field(reply, 'vary')).toBeUndefined()
    expect(field(reply, 'content-encoding')).toBeUndefined()
  })
})
