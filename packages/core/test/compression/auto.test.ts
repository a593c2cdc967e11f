import { describe, expect, it } from 'vitest'
import { type Compression, createCompression } from '../../src/compression/compression.js'
import { BYTES_PER_MICROSECOND, measureCompression } from '../../src/compression/measure.js'
import { formatCompressionReport } from '../../src/compression/report.js'
import type { BodyCoding, Entry } from '../../src/entry/entry.js'
import { systemClock } from '../../src/lib/clock.js'
import type { CodecSupport } from '../../src/platform/body-codec.js'
import type { ManualClock } from '../../src/testing/manual-clock.js'
import { createManualClock, entryOf, type FakeCost, fakeCodings, noise, prose, settle } from './support.js'

type Costs = Partial<Record<BodyCoding, FakeCost>>

const GZIP: FakeCost = { share: 0.4, compressMicros: 240, decompressMicros: 80 }
const BR: FakeCost = { share: 0.35, compressMicros: 360, decompressMicros: 100 }
const ZSTD: FakeCost = { share: 0.42, compressMicros: 80, decompressMicros: 40 }
const LZ4: FakeCost = { share: 0.6, compressMicros: 20, decompressMicros: 8 }
const BODIES = [4000, 4000, 4000].map((bytes) => prose(bytes))

async function pickOf(costs: Costs, acceptEncodings: readonly string[] = [], bodies = BODIES): Promise<string | undefined> {
  const clock = createManualClock()
  const { pick } = await settle(clock, measureCompression(bodies, { clock, acceptEncodings, open: fakeCodings(clock, costs) }))
  return pick
}

describe('a measurement', () => {
  it('reports sizes and times', async () => {
    const clock = createManualClock()
    const open = fakeCodings(clock, { gzip: GZIP, lz4: LZ4, br: { ...BR, share: 0.95 } })
    const report = await settle(clock, measureCompression([prose(1000), prose(3000), new Uint8Array(0)], { clock, open }))
    expect(report).toMatchObject({ samples: 2, bytes: 4000, pick: 'lz4' })
    const [gzip, brotli, zstd, lz4] = report.algorithms
    expect(gzip).toMatchObject({ algorithm: 'gzip', available: true, needs: undefined, ratio: 2.5, savedBytes: 2400 })
    expect(gzip?.compressMicros).toBeCloseTo(240)
    expect(gzip?.decompressMicros).toBeCloseTo(80)
    // What would be stored as it is saves nothing.
    expect(brotli).toMatchObject({ available: true, ratio: 1, savedBytes: 0 })
    expect(zstd).toEqual({
      algorithm: 'zstd',
      available: false,
      needs: 'the package some-peer',
      ratio: undefined,
      compressMicros: undefined,
      decompressMicros: undefined,
      savedBytes: undefined,
    })
    expect(lz4?.savedBytes).toBe(1600)
    expect(formatCompressionReport(report)).toBe(
      [
        '2 bodies, 4000 bytes',
        '',
        'algorithm  ratio  compress us  decompress us  saved bytes  needs',
        'gzip       2.50x        240.0           80.0         2400',
        'brotli     1.00x        360.0          100.0            0',
        'zstd           -            -              -            -  the package some-peer',
        'lz4        1.67x         20.0            8.0         1600',
        '',
        'auto picks: lz4',
        '',
      ].join('\n'),
    )
  })

  it('says so when there is nothing to measure', async () => {
    for (const bodies of [[], [new Uint8Array(0)]]) {
      const report = await measureCompression(bodies)
      expect(report).toMatchObject({ samples: 0, bytes: 0, pick: undefined })
      expect(report.algorithms.map(({ ratio, compressMicros, savedBytes }) => [ratio, compressMicros, savedBytes])).toEqual(
        Array.from({ length: 4 }, () => [undefined, undefined, undefined]),
      )
      const text = formatCompressionReport(report)
      expect(text).toContain('nothing was measured')
      expect(text).toContain('auto picks: nothing yet')
      expect(text).not.toMatch(/NaN|undefined|Infinity/)
    }
  })

  it('works on the real codings', async () => {
    const report = await measureCompression([prose(6000), prose(9000)])
    expect(report.algorithms.map(({ algorithm, available }) => [algorithm, available])).toEqual([
      ['gzip', true],
      ['brotli', true],
      ['zstd', true],
      ['lz4', true],
    ])
    for (const { ratio, compressMicros, decompressMicros } of report.algorithms) {
      expect(ratio).toBeGreaterThan(1.3)
      expect(compressMicros).toBeGreaterThan(0)
      expect(decompressMicros).toBeGreaterThan(0)
    }
    expect(report.pick).not.toBe('none')
    expect((await measureCompression([noise(5000)])).pick).toBe('none')
  })

  it('counts bodies that a coding leaves alone as they are', async () => {
    const clock = createManualClock()
    const base = fakeCodings(clock, { gzip: GZIP })('gzip', undefined)
    if (base.kind !== 'ready') throw new Error('not ready')
    const open = (coding: BodyCoding): CodecSupport =>
      coding === 'gzip' ? { kind: 'ready', codec: { ...base.codec, maxBytes: 2000 } } : { kind: 'unsupported', needs: '' }
    const report = await settle(clock, measureCompression([prose(1000), prose(2001)], { clock, open }))
    expect(report.algorithms[0]).toMatchObject({ available: true, savedBytes: 600 })
    const compression = createCompression('gzip', { maxDecodedBytes: 1e6, clock, open })
    expect((compression.encode(entryOf(prose(2000))) as Entry).encoding?.coding).toBe('gzip')
    expect((compression.encode(entryOf(prose(2001))) as Entry).encoding).toBeUndefined()
  })

  it('counts a coding that fails as not available', async () => {
    const broken = (): never => {
      throw new Error('broken')
    }
    const report = await measureCompression(BODIES, { open: () => ({ kind: 'ready', codec: { encode: broken, decode: broken } }) })
    expect(report.pick).toBe('none')
    expect(report.algorithms.every(({ available, needs }) => !available && needs?.includes('failed'))).toBe(true)
  })
})

describe('the pick', () => {
  const all: Costs = { gzip: GZIP, br: BR, zstd: ZSTD, lz4: LZ4 }

  it('weighs bytes against time', async () => {
    // 4000 bytes: gzip 1600 + 2 * 320, br 1400 + 2 * 460, zstd 1680 + 2 * 120, lz4 2400 + 2 * 28.
    expect(BYTES_PER_MICROSECOND).toBe(2)
    expect(await pickOf(all)).toBe('zstd')
    expect(await pickOf({ gzip: GZIP, br: BR, lz4: LZ4 })).toBe('gzip')
    expect(await pickOf({ ...all, zstd: { ...ZSTD, compressMicros: 800 } })).toBe('gzip')
    expect(await pickOf({ gzip: { ...GZIP, compressMicros: 800 }, br: BR, lz4: LZ4 })).toBe('brotli')
    expect(await pickOf({ lz4: LZ4, br: { ...BR, compressMicros: 2000 } })).toBe('lz4')
    expect(await pickOf({ gzip: { share: 0.4, compressMicros: 1200, decompressMicros: 4 } })).toBe('none')
    expect(await pickOf({})).toBe('none')
  })

  it('counts decompressing only for the share of clients that need it', async () => {
    const slow: FakeCost = { share: 0.4, compressMicros: 40, decompressMicros: 800 }
    const costs: Costs = { gzip: slow, lz4: LZ4 }
    // gzip 1680 + 2 * 800 * share against lz4 2456, which nobody takes.
    expect(await pickOf(costs, ['gzip'])).toBe('gzip')
    expect(await pickOf(costs, ['*'])).toBe('gzip')
    expect(await pickOf(costs, ['br'])).toBe('lz4')
    expect(await pickOf(costs, [])).toBe('lz4')
    expect(await pickOf(costs, ['gzip', 'br'])).toBe('lz4')
    expect(await pickOf(costs, ['gzip', 'gzip', 'gzip', 'gzip', 'br'])).toBe('gzip')
    expect(await pickOf({ lz4: { ...LZ4, decompressMicros: 1600 } }, ['*', 'lz4'])).toBe('none')
  })
})

describe('auto', () => {
  function create(costs: Costs): {
    clock: ManualClock
    compression: Compression
    store: (count: number, fields?: Partial<Entry>) => Entry
  } {
    const clock = createManualClock()
    const compression = createCompression('auto', { maxDecodedBytes: 1e6, clock, open: fakeCodings(clock, costs), random: () => 0.5 })
    const store = (count: number, fields: Partial<Entry> = {}): Entry => {
      let last: Entry | undefined
      for (let stored = 0; stored < count; stored++) last = compression.encode(entryOf(prose(4000), fields)) as Entry
      return last as Entry
    }
    return { clock, compression, store }
  }

  async function rest(clock: ManualClock): Promise<void> {
    for (let step = 0; step < 5000; step++) {
      clock.advance(0)
      await Promise.resolve()
    }
  }

  /** Made-up codings move the clock on, so that a rest may be over at once. */
  async function turn(): Promise<void> {
    for (let step = 0; step < 20; step++) await Promise.resolve()
  }

  it('begins with gzip and moves on off the request path, when it has samples', async () => {
    const { clock, store } = create({ gzip: GZIP, zstd: ZSTD, br: BR })
    expect(store(16).encoding?.coding).toBe('gzip')
    expect(store(1).encoding?.coding).toBe('gzip')
    // One body at a time, with a rest before each.
    await turn()
    expect(clock.pending()).toBe(1)
    await rest(clock)
    expect(clock.pending()).toBe(0)
    expect(store(1).encoding?.coding).toBe('zstd')
  })

  it('looks again after 500 stored entries, with what clients accept by then', async () => {
    const { clock, compression, store } = create({ gzip: { share: 0.4, compressMicros: 40, decompressMicros: 800 }, lz4: LZ4 })
    store(16)
    await rest(clock)
    expect(store(1).encoding?.coding).toBe('lz4')
    for (let seen = 0; seen < 100; seen++) compression.observe('gzip, deflate')
    store(498)
    expect(clock.pending()).toBe(0)
    store(1)
    await turn()
    expect(clock.pending()).toBe(1)
    await rest(clock)
    expect(store(1).encoding?.coding).toBe('gzip')
    // Newer clients count more than older ones.
    for (let seen = 0; seen < 200; seen++) compression.observe(undefined)
    store(500)
    await rest(clock)
    expect(store(1).encoding?.coding).toBe('lz4')
  })

  it('may pick nothing, and change its mind', async () => {
    const { clock, store } = create({ gzip: { share: 0.4, compressMicros: 4000, decompressMicros: 4 } })
    store(16)
    await rest(clock)
    expect(store(1).encoding).toBeUndefined()
  })

  it('stops when it is closed', async () => {
    const { clock, compression, store } = create({ gzip: GZIP, zstd: ZSTD })
    store(16)
    compression.close()
    compression.close()
    await rest(clock)
    expect(clock.pending()).toBe(0)
    expect(store(600).encoding?.coding).toBe('gzip')
    expect(clock.pending()).toBe(0)
    expect((await settle(clock, compression.measure())).samples).toBe(0)
  })
})

describe('samples of the app', () => {
  const clock = createManualClock()
  const open = fakeCodings(clock, { gzip: GZIP })

  it('are taken whatever the option says, at most 16 of at most 64 KiB', async () => {
    for (const option of [false, 'gzip', 'auto'] as const) {
      const compression = createCompression(option, { maxDecodedBytes: 1e6, clock, open })
      await compression.encode(entryOf(prose(100)))
      expect((await settle(clock, compression.measure())).samples).toBe(0)
      for (let stored = 0; stored < 200; stored++) await compression.encode(entryOf(prose(100_000)))
      const report = await settle(clock, compression.measure())
      expect(report).toMatchObject({ samples: 16, bytes: 16 * 64 * 1024 })
    }
  })

  it('are spread over all that was stored', async () => {
    let state = 1
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 32
    }
    const compression = createCompression(false, { maxDecodedBytes: 1e6, clock, open, random })
    for (let stored = 0; stored < 1000; stored++) compression.encode(entryOf(prose(stored < 500 ? 2000 : 3000)))
    const { bytes } = await settle(clock, compression.measure())
    expect(bytes).toBeGreaterThan(16 * 2000 + 3 * 1000)
    expect(bytes).toBeLessThan(16 * 3000 - 3 * 1000)
  })

  it('are dropped with their keys', async () => {
    const compression = createCompression(false, { maxDecodedBytes: 1e6, clock, open })
    const count = async (): Promise<number> => (await settle(clock, compression.measure())).samples
    for (const key of ['lc1.a.1', 'lc1.a.2', 'lc1.ab.1', 'lc1.b.1']) compression.encode(entryOf(prose(2000), { key }))
    expect(await count()).toBe(4)
    compression.forget('lc1.a.')
    expect(await count()).toBe(2)
    compression.forget('lc1.b')
    expect(await count()).toBe(1)
    compression.forget('')
    expect(await count()).toBe(0)
  })

  it('count what clients accept in bounded memory', () => {
    const compression = createCompression('auto', { maxDecodedBytes: 1e6, clock: systemClock() })
    for (let seen = 0; seen < 100_000; seen++) compression.observe(`x${seen}`.repeat(10))
    compression.observe('x'.repeat(100_000))
  })
})
