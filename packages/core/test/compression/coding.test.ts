import * as zlib from 'node:zlib'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CompressionAlgorithm } from '../../src/compression/algorithms.js'
import { type Compression, type CompressionOption, createCompression } from '../../src/compression/compression.js'
import type { BodyCoding, Entry } from '../../src/entry/entry.js'
import { FrameError } from '../../src/errors.js'
import { systemClock } from '../../src/lib/clock.js'
import { openBodyCodec as openWebCodec } from '../../src/platform/web-compress.js'
import { entryOf, noise, prose } from './support.js'

/** Before Node 22.15 zstd is a package, which works on this thread and on small bodies alone. */
const hasSlowZstd = !('zstdCompress' in zlib)

const MAX = 8 * 1024 * 1024
const settings = { maxDecodedBytes: MAX, clock: systemClock() }
const create = (option: CompressionOption, more: object = {}): Compression => createCompression(option, { ...settings, ...more })

async function reasonOf(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    if (error instanceof FrameError) return error.reason
    throw error
  }
  return 'none'
}

describe.each<[string, CompressionAlgorithm, BodyCoding]>([
  ['gzip', 'gzip', 'gzip'],
  ['brotli', 'brotli', 'br'],
  ['zstd', 'zstd', 'zstd'],
  ['lz4', 'lz4', 'lz4'],
])('%s', (_name, algorithm, coding) => {
  const compression = create({ algorithm, threshold: 1 })

  it('brings back any body', async () => {
    let encodedOnes = 0
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 1, max: 40 }), async (piece, times) => {
        const body = new Uint8Array(piece.byteLength * times)
        for (let at = 0; at < times; at++) body.set(piece, at * piece.byteLength)
        const entry = entryOf(body)
        const encoded = await compression.encode(entry)
        if (encoded.encoding) {
          encodedOnes++
          expect(encoded.encoding).toEqual({ coding, decodedBytes: body.byteLength })
          expect(encoded.body.byteLength).toBeLessThanOrEqual(body.byteLength * 0.9)
        } else expect(encoded).toBe(entry)
        expect(Buffer.from(await compression.decode(encoded)).equals(body)).toBe(true)
      }),
      { numRuns: 150 },
    )
    expect(encodedOnes).toBeGreaterThan(50)
  })

  it.each([1024, 16 * 1024 - 1, 16 * 1024, 300_000])('brings back %s bytes, and holds no more memory than it needs', async (bytes) => {
    const body = prose(bytes)
    const encoded = await compression.encode(entryOf(body))
    if (hasSlowZstd && algorithm === 'zstd' && bytes > 32 * 1024) {
      expect(encoded.encoding).toBeUndefined()
      return
    }
    expect(encoded.encoding?.coding).toBe(coding)
    expect(encoded.body.constructor).toBe(Uint8Array)
    expect(encoded.body.buffer.byteLength).toBeLessThanOrEqual(encoded.body.byteLength * 1.125 + 1)
    expect(Buffer.from(await compression.decode(encoded)).equals(body)).toBe(true)
    // Many at once, as threads are shared.
    const all = await Promise.all(Array.from({ length: 10 }, (_, seed) => compression.encode(entryOf(prose(bytes, seed + 1)))))
    const back = await Promise.all(all.map((entry) => compression.decode(entry)))
    for (const [seed, decoded] of back.entries()) expect(Buffer.from(decoded).equals(prose(bytes, seed + 1))).toBe(true)
  })

  it('is at once below 16 KiB and later above, in both directions', async () => {
    await compression.encode(entryOf(prose(2000)))
    const small = compression.encode(entryOf(prose(16_000)))
    expect(small).not.toBeInstanceOf(Promise)
    expect(compression.decode(small as Entry)).toBeInstanceOf(Uint8Array)
    // The zstd package works on this thread.
    if (hasSlowZstd && algorithm === 'zstd') return
    const large = compression.encode(entryOf(prose(20_000)))
    expect(large).toBeInstanceOf(Promise)
    const decoded = compression.decode(await large)
    expect(decoded).toBeInstanceOf(Promise)
    await decoded
  })

  it('refuses what would be larger than it says, or than may be, and what is not of its coding', async () => {
    for (const bytes of [5000, hasSlowZstd && algorithm === 'zstd' ? 30_000 : 200_000]) {
      const encoded = await compression.encode(entryOf(prose(bytes)))
      const said = (decodedBytes: number): Entry => ({ ...encoded, encoding: { coding, decodedBytes } })
      expect(await reasonOf(() => compression.decode(said(bytes - 1)))).toBe('too-large')
      expect(await reasonOf(() => compression.decode(said(1)))).toBe('too-large')
      expect(await reasonOf(() => compression.decode(said(bytes + 1)))).toBe('coding')
      expect(await reasonOf(() => compression.decode(said(MAX + 1)))).toBe('too-large')
      expect(await reasonOf(() => create(false, { maxDecodedBytes: bytes - 1 }).decode(encoded))).toBe('too-large')
      expect(await reasonOf(() => compression.decode({ ...encoded, body: encoded.body.subarray(0, -3) }))).not.toBe('none')
      expect(await reasonOf(() => compression.decode({ ...encoded, body: noise(encoded.body.byteLength) }))).not.toBe('none')
      expect(await reasonOf(() => compression.decode({ ...encoded, body: new Uint8Array(0) }))).toBe('coding')
    }
  })

  it('never answers with more than was said, whatever is done to the bytes', async () => {
    const encoded = await compression.encode(entryOf(prose(3000)))
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(255), async (at, value) => {
        const body = encoded.body.with(at % encoded.body.byteLength, value)
        try {
          expect(await compression.decode({ ...encoded, body })).toHaveLength(3000)
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('is read by caches that compress otherwise or not at all', async () => {
    for (const reader of [create(false), create('gzip'), create('auto')]) {
      const encoded = await compression.encode(entryOf(prose(4000)))
      expect(Buffer.from(await reader.decode(encoded)).equals(prose(4000))).toBe(true)
    }
  })
})

describe('bombs', () => {
  const GIB = 1024 ** 3

  /** The most memory that `work` took beyond what was there. */
  async function grown(work: () => Promise<unknown>): Promise<number> {
    const before = process.memoryUsage().arrayBuffers
    let most = before
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers)
    }, 1)
    await work()
    clearInterval(timer)
    return Math.max(most, process.memoryUsage().arrayBuffers) - before
  }

  /** One gzip member whose blocks are repeated until they are a gibibyte of zeros. */
  function gzipBomb(): Uint8Array {
    // Members follow each other (RFC 1952 section 2.2) and are decoded as one.
    const member = gzipSync(new Uint8Array(16 * 1024 * 1024), { level: 9 })
    return Buffer.concat(Array.from({ length: GIB / (16 * 1024 * 1024) }, () => member))
  }

  /** RFC 8878: a frame without a size, of run-length blocks of 128 KiB. */
  function zstdBomb(): Uint8Array {
    const block = Buffer.from([0x02, 0x00, 0x10, 0x00])
    const blocks = Array.from({ length: GIB / (128 * 1024) }, () => block)
    return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]), ...blocks, Buffer.from([0x03, 0x00, 0x00, 0x00])])
  }

  /** A frame that says that it is a gibibyte. */
  function zstdLiar(): Uint8Array {
    return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0x00, 0x00, 0x00, 0x40, 0x03, 0x00, 0x00])
  }

  function lz4Bomb(): Uint8Array {
    const bytes = Buffer.alloc(4000, 0xff)
    bytes.writeUInt32LE(GIB, 0)
    return bytes
  }

  const bombs: readonly [string, BodyCoding, () => Uint8Array][] = [
    ['gzip', 'gzip', gzipBomb],
    ['brotli', 'br', () => brotliCompressSync(new Uint8Array(GIB / 4), { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })],
    ['zstd without its size', 'zstd', zstdBomb],
    ['zstd with its size', 'zstd', zstdLiar],
    ['lz4', 'lz4', lz4Bomb],
  ]

  it.each(bombs)('%s: refused at the limit, whatever they claim, and never unpacked', async (_name, coding, make) => {
    const body = make()
    const compression = create(false)
    // The zstd package starts once.
    await reasonOf(() => compression.decode({ ...entryOf(body), encoding: { coding, decodedBytes: 10 } }))
    for (const decodedBytes of [10, 15_000, 1_000_000, MAX]) {
      let reason = ''
      const memory = await grown(async () => {
        reason = await reasonOf(() => compression.decode({ ...entryOf(body), encoding: { coding, decodedBytes } }))
      })
      expect(['too-large', 'coding']).toContain(reason)
      expect(memory).toBeLessThan(3 * MAX)
    }
    expect(await reasonOf(() => compression.decode({ ...entryOf(body), encoding: { coding, decodedBytes: GIB } }))).toBe('too-large')
  })
})

describe('what is compressed', () => {
  const compression = create({ algorithm: 'gzip', threshold: 1000 })
  const encode = (entry: Entry): Promise<Entry> => Promise.resolve(compression.encode(entry))

  it('leaves small bodies alone', async () => {
    const small = entryOf(prose(999))
    expect(await encode(small)).toBe(small)
    expect((await encode(entryOf(prose(1000)))).encoding?.coding).toBe('gzip')
    const usual = entryOf(prose(1023))
    expect(create('gzip').encode(usual)).toBe(usual)
    expect((create('gzip').encode(entryOf(prose(1024))) as Entry).encoding?.coding).toBe('gzip')
  })

  it('leaves alone what shrinks by less than a tenth', async () => {
    for (const body of [noise(5000), noise(50_000), Buffer.concat([noise(5000), new Uint8Array(400)])]) {
      const entry = entryOf(body)
      expect(await encode(entry)).toBe(entry)
    }
    expect((await encode(entryOf(Buffer.concat([noise(5000), new Uint8Array(700)])))).encoding).toBeDefined()
  })

  it.each<[string, string]>([
    ['content-encoding', 'br'],
    ['Content-Encoding', 'identity'],
    ['Cache-Control', 'private, No-Transform'],
    ['Content-Digest', 'sha-256=:AAAA:'],
    ['repr-digest', 'sha-256=:AAAA:'],
    ['Digest', 'sha-256=AAAA'],
    ['content-md5', 'AAAA'],
    ['content-type', 'audio/mpeg'],
    ['content-type', 'image/png'],
  ])('leaves alone answers with %s: %s', async (name, value) => {
    const entry = entryOf(prose(5000), { headers: [[name, value]] })
    expect(await encode(entry)).toBe(entry)
  })

  it('changes nothing but the body', async () => {
    const entry = entryOf(prose(5000), {
      headers: [
        ['Content-Type', 'image/svg+xml'],
        ['cache-control', 'no-store'],
      ],
      chunks: [
        [2000, 0],
        [5000, 7],
      ],
    })
    const { body, encoding, ...rest } = await encode(entry)
    const { body: original, ...expected } = entry
    expect(rest).toEqual(expected)
    expect(encoding).toEqual({ coding: 'gzip', decodedBytes: original.byteLength })
    expect(body).not.toEqual(original)
  })

  it('encodes nothing twice, and nothing that could not be decoded', async () => {
    const encoded = await encode(entryOf(prose(5000)))
    expect(await encode(encoded)).toBe(encoded)
    const large = entryOf(prose(5000))
    expect(createCompression('gzip', { ...settings, maxDecodedBytes: 4999 }).encode(large)).toBe(large)
  })

  it('does nothing when switched off', () => {
    const entry = entryOf(prose(5000))
    expect(create(false).encode(entry)).toBe(entry)
    expect(createCompression(undefined, settings).encode(entry)).toBe(entry)
    expect(create(false).decode(entry)).toBe(entry.body)
  })

  it('keeps the entry as it is when a coding fails, at once or later', async () => {
    const entry = entryOf(prose(50_000))
    for (const encodeBody of [
      () => {
        throw new Error('broken')
      },
      () => Promise.reject(new Error('broken')),
    ]) {
      const broken = create('gzip', { open: () => ({ kind: 'ready', codec: { encode: encodeBody, decode: encodeBody } }) })
      expect(await broken.encode(entry)).toBe(entry)
      expect(await reasonOf(() => broken.decode({ ...entry, encoding: { coding: 'gzip', decodedBytes: 9 } }))).toBe('coding')
    }
  })

  it('queues at most 64 bodies', async () => {
    let finish: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      finish = resolve
    })
    const slow = create('gzip', {
      open: () => ({ kind: 'ready', codec: { encode: () => gate.then(() => new Uint8Array(9)), decode: () => gate } }),
    })
    const all = Array.from({ length: 65 }, () => slow.encode(entryOf(prose(20_000))))
    expect(all.filter((result) => result instanceof Promise)).toHaveLength(64)
    finish()
    await Promise.all(all)
    expect(slow.encode(entryOf(prose(20_000)))).toBeInstanceOf(Promise)
  })

  it('levels matter', async () => {
    const size = async (algorithm: 'gzip' | 'brotli' | 'zstd', level: number): Promise<number> =>
      (await create({ algorithm, level }).encode(entryOf(prose(30_000)))).body.byteLength
    expect(await size('gzip', 9)).toBeLessThan(await size('gzip', 1))
    expect(await size('brotli', 11)).toBeLessThan(await size('brotli', 1))
    expect(await size('zstd', 19)).toBeLessThan(await size('zstd', 1))
  })
})

describe('where there is no Node', () => {
  it('has gzip, asynchronous, that Node reads and the other way round', async () => {
    const web = create('gzip', { open: openWebCodec })
    for (const bytes of [1500, 400_000]) {
      const entry = entryOf(prose(bytes))
      const there = await web.encode(entry)
      expect(there.encoding?.coding).toBe('gzip')
      expect(Buffer.from(await create(false).decode(there)).equals(entry.body)).toBe(true)
      expect(Buffer.from(await web.decode(await create('gzip').encode(entry))).equals(entry.body)).toBe(true)
      expect(await reasonOf(() => web.decode({ ...there, encoding: { coding: 'gzip', decodedBytes: bytes - 1 } }))).toBe('too-large')
      expect(await reasonOf(() => web.decode({ ...there, encoding: { coding: 'gzip', decodedBytes: bytes + 1 } }))).toBe('coding')
      expect(await reasonOf(() => web.decode({ ...there, body: there.body.subarray(0, -9) }))).toBe('coding')
      expect(await reasonOf(() => web.decode({ ...there, body: noise(500) }))).toBe('coding')
    }
    const bomb = gzipSync(new Uint8Array(64 * 1024 * 1024))
    expect(await reasonOf(() => web.decode({ ...entryOf(bomb), encoding: { coding: 'gzip', decodedBytes: 1000 } }))).toBe('too-large')
  })

  it('says so of the others', async () => {
    for (const option of ['brotli', 'zstd', 'lz4', { algorithm: 'gzip', level: 3 }] as const) {
      expect(() => create(option, { open: openWebCodec })).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION_INVALID', option: 'compression' }),
      )
    }
    const entry = { ...entryOf(prose(50)), encoding: { coding: 'br', decodedBytes: 9 } } as const
    expect(await reasonOf(() => create('gzip', { open: openWebCodec }).decode(entry))).toBe('coding')
  })
})
