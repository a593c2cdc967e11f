import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { type Compression, createCompression } from '../../src/compression/compression.js'
import { createEntryCodec } from '../../src/entry/codec.js'
import type { Entry } from '../../src/entry/entry.js'
import { encodeFrame } from '../../src/entry/frame.js'
import { FrameError } from '../../src/errors.js'
import { systemClock } from '../../src/lib/clock.js'
import { importSealKey } from '../../src/platform/node-seal.js'
import { importSealKey as importWebKey } from '../../src/platform/web-seal.js'
import type { EntryCodec } from '../../src/ports.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'
import { GOLDEN_KEY, goldenEntry } from './golden-entry.js'
import { GOLDEN_FRAMES } from './golden-frames.js'

const clock = systemClock()
const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64')
const sealedBy = (...keys: string[]): EntryCodec => createEntryCodec({ encryption: { keys } })
const plain = createEntryCodec()
const compression = createCompression({ algorithm: 'gzip', threshold: 50 }, { maxDecodedBytes: 1e6, clock })

async function reasonOf(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    if (error instanceof FrameError) return error.reason
    throw error
  }
  return 'none'
}

const entry = sampleEntry(clock, {
  key: 'lc1.alice.request',
  body: new TextEncoder().encode('{"choices":[{"message":{"content":"my secret"}}]}'),
})
const seal = (codec: EntryCodec, of: Entry = entry): Uint8Array => codec.encode(of) as Uint8Array

describe('sealed frames', () => {
  it('come back as they were', () => {
    const codec = sealedBy(keyOf(1))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.string({ maxLength: 30 }), (body, key) => {
        const one = { ...entry, key, body }
        expect(codec.decode(seal(codec, one), key)).toStrictEqual(one)
      }),
    )
  })

  it('have the layout that is written down', () => {
    const raw = Buffer.alloc(32, 7)
    const frame = Buffer.from(seal(sealedBy(raw.toString('hex'))))
    expect(frame.subarray(0, 6).toString('latin1')).toBe('LLMC\u0001\u0080')
    const id = createHash('sha256')
      .update(Buffer.concat([Buffer.from('llm-cache key id'), raw]))
      .digest()
      .subarray(0, 4)
    expect(frame.subarray(6, 10)).toEqual(id)
    const cipher = createCipheriv('aes-256-gcm', raw, frame.subarray(10, 22))
    cipher.setAAD(Buffer.concat([frame.subarray(0, 22), Buffer.from(entry.key)]))
    const expected = Buffer.concat([cipher.update(encodeFrame(entry)), cipher.final(), cipher.getAuthTag()])
    expect(frame.subarray(22)).toEqual(expected)
  })

  it('show nothing of the entry, and are never the same twice', () => {
    const codec = sealedBy(keyOf(1))
    const frames = Array.from({ length: 50 }, () => Buffer.from(seal(codec)))
    for (const frame of frames) {
      const text = frame.toString('latin1')
      for (const word of ['secret', 'alice', 'lc1.', 'gpt-5', 'application/json']) expect(text).not.toContain(word)
    }
    expect(new Set(frames.map((frame) => frame.subarray(10, 22).toString('hex'))).size).toBe(50)
  })

  it('open under the key of the cache that they were sealed for, and no other', async () => {
    const codec = sealedBy(keyOf(1))
    const frame = seal(codec)
    for (const key of ['lc1.bob.request', 'lc1.alice.other', 'lc1.alice.reques', '', 'lc1.alice.request2']) {
      expect(await reasonOf(() => codec.decode(frame, key))).toBe('sealed')
    }
    // Not even its header may be moved onto another frame.
    const bob = seal(codec, { ...entry, key: 'lc1.bob.request' })
    const mixed = Buffer.concat([frame.subarray(0, 22), bob.subarray(22)])
    for (const key of ['lc1.alice.request', 'lc1.bob.request']) expect(await reasonOf(() => codec.decode(mixed, key))).toBe('sealed')
  })

  it('are refused by who has no key, another key, or keys where everything must be sealed', async () => {
    const codec = sealedBy(keyOf(1))
    expect(await reasonOf(() => plain.decode(seal(codec), entry.key))).toBe('sealed')
    expect(await reasonOf(() => sealedBy(keyOf(2)).decode(seal(codec), entry.key))).toBe('sealed')
    expect(await reasonOf(() => codec.decode(seal(plain), entry.key))).toBe('unsealed')
    const compressed = seal(plain, compression.encode({ ...entry, body: Buffer.alloc(500, 'a') }) as Entry)
    expect(compressed[5]).toBe(1)
    expect(await reasonOf(() => codec.decode(compressed, entry.key))).toBe('unsealed')
    expect(await reasonOf(() => codec.decode(seal(codec).subarray(0, 37), entry.key))).toBe('truncated')
    expect(await reasonOf(() => codec.decode(Buffer.from('LLM'), entry.key))).toBe('not-a-frame')
    expect(await reasonOf(() => codec.decode(seal(codec).with(4, 2), entry.key))).toBe('version')
  })

  it('rotate: the first key writes, all of them read', async () => {
    const [old, current, next] = [keyOf(1), keyOf(2), keyOf(3)]
    const before = seal(sealedBy(old))
    const rotated = sealedBy(current, old)
    expect(rotated.decode(before, entry.key)).toStrictEqual(entry)
    const after = seal(rotated)
    expect(await reasonOf(() => sealedBy(old).decode(after, entry.key))).toBe('sealed')
    expect(sealedBy(next, old, current).decode(after, entry.key)).toStrictEqual(entry)
    expect(await reasonOf(() => sealedBy(next, current).decode(before, entry.key))).toBe('sealed')
  })

  it('do not keep more memory alive than the entry needs', () => {
    const codec = sealedBy(keyOf(1))
    for (const size of [10, 3000, 100_000]) {
      const { body } = codec.decode(seal(codec, { ...entry, body: new Uint8Array(size).fill(7) }), entry.key) as Entry
      expect(body.buffer.byteLength).toBeLessThanOrEqual(size * 1.125)
    }
  })

  it('bound what a sealed body may claim', async () => {
    const codec = createEntryCodec({ encryption: { keys: [keyOf(1)] }, maxDecodedBytes: 100 })
    const claiming = { ...entry, encoding: { coding: 'gzip', decodedBytes: 101 } } as const
    expect(await reasonOf(() => codec.decode(seal(codec, claiming), entry.key))).toBe('too-large')
    expect(await reasonOf(() => createEntryCodec({ maxDecodedBytes: 100 }).decode(encodeFrame(claiming), entry.key))).toBe('too-large')
  })
})

describe('both arms', () => {
  it('seal for each other, and refuse alike', async () => {
    const raw = randomBytes(32)
    const [node, web] = [importSealKey(raw), importWebKey(raw)]
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 50 }), async (bytes, additional) => {
        const nonce = randomBytes(12)
        const [here, there] = [await node.seal(nonce, bytes, additional), await web.seal(nonce, bytes, additional)]
        expect(Buffer.from(here).equals(there)).toBe(true)
        for (const key of [node, web]) {
          const opened = await key.open(nonce, here, additional)
          expect(opened && Buffer.from(opened).equals(bytes)).toBe(true)
          expect(
            await key.open(
              nonce,
              here.map((byte, at) => (at === 0 ? byte ^ 1 : byte)),
              additional,
            ),
          ).toBeUndefined()
          expect(await key.open(nonce, here, Buffer.concat([additional, Buffer.from('x')]))).toBeUndefined()
          expect(await key.open(nonce, here.subarray(0, 15), additional)).toBeUndefined()
          expect(await key.open(randomBytes(12), here, additional)).toBeUndefined()
        }
      }),
      { numRuns: 30 },
    )
  })

  it('make the same frames where WebCrypto makes them wait', async () => {
    vi.resetModules()
    vi.doMock('#platform', () => import('../../src/platform/web.js'))
    const web = await import('../../src/entry/codec.js')
    vi.doUnmock('#platform')
    const options = { encryption: { keys: [keyOf(2), keyOf(1)] } }
    const codec = web.createEntryCodec(options)
    const frame = codec.encode(entry)
    expect(frame).toBeInstanceOf(Promise)
    expect(createEntryCodec(options).decode(await frame, entry.key)).toStrictEqual(entry)
    expect(await codec.decode(seal(sealedBy(keyOf(1))), entry.key)).toStrictEqual(entry)
    for (const [bytes, key, reason] of [
      [seal(sealedBy(keyOf(3))), entry.key, 'sealed'],
      [await frame, 'lc1.bob.request', 'sealed'],
      [seal(plain), entry.key, 'unsealed'],
    ] as const) {
      await expect((async () => codec.decode(bytes, key))()).rejects.toMatchObject({ name: 'FrameError', reason })
    }
  })
})

describe('keys', () => {
  it.each([
    ['hex', 'ab'.repeat(32)],
    ['upper-case hex', 'AB'.repeat(32)],
    ['base64', 'q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s='],
    ['base64 without padding', 'q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s'],
  ])('are read in %s', (_name, key) => {
    const reference = sealedBy(Buffer.alloc(32, 0xab).toString('base64url'))
    expect(reference.decode(seal(sealedBy(key)), entry.key)).toStrictEqual(entry)
  })

  it('are read in base64url', () => {
    const raw = Buffer.alloc(32, 0xfb)
    expect(raw.toString('base64url')).toMatch(/[-_]/)
    expect(sealedBy(raw.toString('hex')).decode(seal(sealedBy(raw.toString('base64url'))), entry.key)).toStrictEqual(entry)
    expect(sealedBy(raw.toString('hex')).decode(seal(sealedBy(raw.toString('base64'))), entry.key)).toStrictEqual(entry)
  })

  it.each<[string, unknown, string]>([
    ['not there', undefined, 'encryption.keys'],
    ['no list', keyOf(1), 'encryption.keys'],
    ['an empty list', [], 'encryption.keys'],
    ['a passphrase', [keyOf(1), 'correct horse battery staple'], 'encryption.keys[1]'],
    ['too short', [Buffer.alloc(16).toString('hex')], 'encryption.keys[0]'],
    ['too long', [Buffer.alloc(33, 1).toString('base64')], 'encryption.keys[0]'],
    ['a character too many', [`${'ab'.repeat(32)}a`], 'encryption.keys[0]'],
    ['a line break', [`${keyOf(1)}\n`], 'encryption.keys[0]'],
    ['a Buffer', [Buffer.alloc(32, 1)], 'encryption.keys[0]'],
    ['mixed alphabets', [`${'-'.repeat(20)}${'+'.repeat(23)}`], 'encryption.keys[0]'],
    ['bits left over', ['q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6t'], 'encryption.keys[0]'],
    ['empty', [''], 'encryption.keys[0]'],
    ['the same twice', [keyOf(1), keyOf(2), Buffer.alloc(32, 1).toString('hex')], 'encryption.keys[2]'],
  ])('are refused when they are %s, without being shown', (_name, keys, option) => {
    let caught: unknown
    try {
      createEntryCodec({ encryption: { keys } as never })
    } catch (error) {
      caught = error
    }
    expect(caught).toMatchObject({ name: 'OptionError', code: 'ERR_OPTION_INVALID', option })
    const { message, stack } = caught as Error
    for (const key of [keys].flat()) {
      if (typeof key === 'string' && key.length > 0) expect(`${message}${stack}`).not.toContain(key.trim())
    }
    if (option !== 'encryption.keys[2]' && Array.isArray(keys)) expect(message).toContain('openssl rand -base64 32')
  })

  it.each<[unknown, string]>([
    [keyOf(1), 'encryption'],
    [[keyOf(1)], 'encryption'],
    [null, 'encryption'],
    [{ key: keyOf(1) }, 'encryption.key'],
    [{ [keyOf(1)]: true }, 'encryption'],
  ])('encryption is an object of keys: %#', (encryption, option) => {
    expect(() => createEntryCodec({ encryption: encryption as never })).toThrow(expect.objectContaining({ name: 'OptionError', option }))
    expect(() => createEntryCodec({ encryption: encryption as never })).not.toThrow(keyOf(1))
  })
})

describe('golden frames', () => {
  const settings = { maxDecodedBytes: 1e6, clock }

  it.each(Object.entries(GOLDEN_FRAMES))('%s', async (name, base64) => {
    const codec = name.startsWith('sealed') ? sealedBy(keyOf(9), GOLDEN_KEY) : plain
    const { encoding, body, ...rest } = await codec.decode(Buffer.from(base64, 'base64'), goldenEntry.key)
    const decoded = await createCompression(false, settings).decode({ ...rest, body, ...(encoding && { encoding }) })
    expect({ ...rest, body: decoded }).toStrictEqual(goldenEntry)
    expect(encoding?.coding).toBe(
      ({ gzip: 'gzip', brotli: 'br', zstd: 'zstd', lz4: 'lz4', 'sealed gzip': 'gzip' } as Record<string, string>)[name],
    )
  })

  it('of bodies as recorded are still written byte for byte', () => {
    expect(Buffer.from(encodeFrame(goldenEntry)).toString('base64')).toBe(GOLDEN_FRAMES.identity)
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

/** One to three bits turned, or a range swapped, put in, taken out, doubled, overwritten, or two frames cut together. */
function damage(frame: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const bytes = Buffer.from(frame)
  const [from, to] = [random(bytes.length), random(bytes.length)].sort((a, b) => a - b) as [number, number]
  switch (random(8)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
    case 1:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)])
    case 2: {
      const put = Buffer.from(other.subarray(random(other.length)).subarray(0, random(40)))
      return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from)])
    }
    case 3: {
      const middle = from + random(to - from + 1)
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(middle, to), bytes.subarray(from, middle), bytes.subarray(to)])
    }
    case 4:
      return Buffer.concat([bytes.subarray(0, from), other.subarray(from)])
    case 5:
      return Buffer.concat([bytes.subarray(0, from), other.subarray(from, to), bytes.subarray(to)])
    default:
      for (let flips = 1 + random(3); flips > 0; flips--) {
        const at = random(bytes.length)
        bytes[at] = (bytes[at] as number) ^ (1 << random(8))
      }
      return bytes
  }
}

describe('damaged frames', () => {
  const RUNS = process.env.CI ? 50_000 : 10_000

  /** Entries of different keys, partitions and bodies, as `compression` leaves them. */
  async function entries(coder: Compression): Promise<Entry[]> {
    const all = ['a.1', 'a.2', 'b.1', 'b.2', 'c.1', 'c.2'].map((key, index) => {
      const body = Buffer.from(JSON.stringify({ content: `answer of ${key} `.repeat(5 + index * 7) }))
      return sampleEntry(
        { now: () => 1_750_000_000_000 },
        { key: `lc1.${key}`, id: key, body, chunks: index % 2 ? [[body.length, 1]] : undefined },
      )
    })
    return Promise.all(all.map((one) => coder.encode(one)))
  }

  const off = createCompression(false, { maxDecodedBytes: 1e6, clock })

  it.each<[string, EntryCodec, Compression]>([
    ['plain', plain, off],
    ['compressed', plain, compression],
    ['sealed', sealedBy(keyOf(1), keyOf(2)), off],
    ['compressed and sealed', sealedBy(keyOf(1), keyOf(2)), compression],
  ])(
    '%s: no wrong byte is served and nothing but FrameError is thrown',
    async (_name, codec, coder) => {
      const stored = await entries(coder)
      const bodies = stored.map((one) => Buffer.from(coder.decode(one) as Uint8Array))
      const frames = stored.map((one) => codec.encode(one) as Uint8Array)
      const random = createRandom(4242)
      const reasons = new Map<string, number>()
      let harmless = 0
      for (let run = 0; run < RUNS; run++) {
        const index = random(frames.length)
        const frame = frames[index] as Uint8Array
        const bytes = damage(frame, frames[random(frames.length)] as Uint8Array, random)
        const same = Buffer.compare(bytes, frame) === 0
        try {
          const found = codec.decode(bytes, (stored[index] as Entry).key) as Entry
          const body = off.decode(found) as Uint8Array
          // Served: it must be the very bytes, and the damage none.
          if (!same || Buffer.compare(body, bodies[index] as Buffer) !== 0 || found.id !== stored[index]?.id)
            expect.unreachable('wrong bytes')
          harmless++
        } catch (error) {
          if (!(error instanceof FrameError) || same) throw error
          reasons.set(error.reason, (reasons.get(error.reason) ?? 0) + 1)
        }
      }
      expect(harmless).toBeLessThan(RUNS / 10)
      expect([...reasons.values()].reduce((sum, count) => sum + count, 0)).toBe(RUNS - harmless)
      expect(reasons.get(codec === plain ? 'checksum' : 'sealed')).toBeGreaterThan(RUNS / 10)
    },
    60_000,
  )

  it('whole frames under keys of others are refused too', async () => {
    for (const codec of [plain, sealedBy(keyOf(1))]) {
      const stored = await entries(off)
      for (const one of stored) {
        for (const { key } of stored) {
          const reason = await reasonOf(() => codec.decode(codec.encode(one) as Uint8Array, key))
          expect(reason).toBe(key === one.key ? 'none' : codec === plain ? 'foreign-key' : 'sealed')
        }
      }
    }
  })
})
