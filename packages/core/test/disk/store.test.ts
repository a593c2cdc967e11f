import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDiskStore, type DiskStoreOptions } from '../../src/disk/index.js'
import { type Entry, entryBytes } from '../../src/entry/entry.js'
import { decodeFrame, encodeFrame } from '../../src/entry/frame.js'
import { OptionError } from '../../src/errors.js'
import type { CacheStore } from '../../src/ports.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'
import { collect, keysOf, listenTo, openRaw, type TemporaryFile, temporaryFile } from './support.js'

let file: TemporaryFile
let clock: ManualClock
let opened: CacheStore[]

beforeEach(() => {
  file = temporaryFile()
  clock = createManualClock()
  opened = []
})

afterEach(async () => {
  for (const store of opened) await store.close()
  file.remove()
})

function open(options: Partial<DiskStoreOptions> = {}): CacheStore {
  const store = createDiskStore({ path: file.path, clock, ...options })
  opened.push(store)
  return store
}

const named = (key: string, fields: Parameters<typeof sampleEntry>[1] = {}): Entry => sampleEntry(clock, { key, ...fields })
const originMs = (ms: number): Pick<Entry, 'meta'> => ({ meta: { ...sampleEntry(clock, {}).meta, originMs: ms } })

describe('options', () => {
  it.each([
    [undefined, 'path'],
    [{}, 'path'],
    [{ path: '' }, 'path'],
    [{ path: ':memory:' }, 'path'],
    [{ path: 'file:x?mode=ro' }, 'path'],
    [{ path: '/' }, 'path'],
    [{ path: '/dev/null/x.db' }, 'path'],
    [{ path: 'x.db', maxBytes: 0 }, 'maxBytes'],
    [{ path: 'x.db', maxBytes: 10, maxEntryBytes: 11 }, 'maxEntryBytes'],
    [{ path: 'x.db', sweepInterval: -1 }, 'sweepInterval'],
    [{ path: 'x.db', sweepInterval: 2 ** 31 }, 'sweepInterval'],
    [{ path: 'x.db', name: 'Not A Label' }, 'name'],
    [{ path: 'x.db', maxByte: 1 }, 'maxByte'],
  ])('%j is an error about %s', (options, option) => {
    expect(() => createDiskStore(options as DiskStoreOptions)).toThrow(expect.objectContaining({ name: 'OptionError', option }))
    expect(existsSync('x.db')).toBe(false)
  })

  it('defaults to 8 MiB an entry, and never more than the whole', () => {
    expect(open().limits.maxEntryBytes).toBe(8 * 1024 * 1024)
    expect(open({ path: join(file.folder, 'small.db'), maxBytes: 5000 }).limits.maxEntryBytes).toBe(5000)
  })

  it('makes folder and files for their owner alone', async () => {
    const path = join(file.folder, 'a/b/cache.db')
    await open({ path }).set(named('k'))
    const modes = [join(file.folder, 'a'), join(file.folder, 'a/b'), path, `${path}-wal`, `${path}-shm`].map(
      (name) => statSync(name).mode & 0o777,
    )
    expect(modes).toEqual([0o700, 0o700, 0o600, 0o600, 0o600])
  })
})

describe('reopening', () => {
  it('keeps entries and counters, and answers none whose time is over', async () => {
    const store = open()
    await store.set(named('long', { lifetimeMs: 10_000 }))
    await store.set(named('short', { lifetimeMs: 1000 }))
    const size = store.size()
    await store.close()
    clock.advance(1000)
    const again = open()
    expect(again.size()).toEqual(size)
    expect(await again.get('long')).toMatchObject({ key: 'long' })
    expect(await again.get('short')).toBeUndefined()
    expect(again.size()?.entries).toBe(1)
  })

  it('keeps entries without having been closed', async () => {
    await open().set(named('k'))
    expect(await open().get('k')).toMatchObject({ key: 'k' })
  })

  it('counts again', async () => {
    const store = open()
    await store.set(named('k'))
    const size = store.size()
    await store.close()
    const raw = openRaw(file.path)
    raw.connection.exec('UPDATE llm_cache SET entries = 17, bytes = -5')
    raw.close()
    expect(open().size()).toEqual(size)
  })

  it('closes in the middle of everything', async () => {
    const store = open()
    store.useCodec?.({
      encode: async (entry) => encodeFrame(entry),
      decode: async (bytes, key) => decodeFrame(bytes, key),
    })
    await store.set(named('k'))
    const work = [
      store.get('k'),
      store.set(named('late')),
      store.clear(),
      store.getMany?.(['k']),
      keysOf(store),
      collect(store.hottest?.(1e6)),
    ]
    await store.close()
    const settled = await Promise.allSettled(work)
    expect(settled[0]).toMatchObject({ status: 'fulfilled' })
    expect(settled[1]).not.toMatchObject({ value: true })
    expect(await store.get('k')).toBeUndefined()
    expect(await store.getMany?.(['k'])).toEqual([undefined])
    await expect(store.set(named('k'))).rejects.toThrow('closed')
    expect(store.size()).toBeUndefined()
    expect(clock.pending()).toBe(0)
  })
})

describe('the byte limit', () => {
  it('holds after every write, and what was just written is there', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            key: fc.integer({ min: 0, max: 12 }),
            size: fc.integer({ min: 0, max: 4000 }),
            cost: fc.integer({ min: 0, max: 9000 }),
          }),
          {
            maxLength: 30,
          },
        ),
        async (writes) => {
          const run = temporaryFile()
          const store = createDiskStore({ path: run.path, clock, maxBytes: 10_000 })
          const events = listenTo(store)
          try {
            for (const { key, size, cost } of writes) {
              const entry = named(`k${key}`, { body: new Uint8Array(size).fill(key), ...originMs(cost) })
              expect(await store.set(entry)).toBe(true)
              expect(store.size()?.bytes).toBeLessThanOrEqual(10_000)
              expect((await store.get(entry.key))?.body).toEqual(entry.body)
            }
            const keys = await keysOf(store)
            expect(store.size()?.entries).toBe(keys.length)
            expect(events.every((event) => event.type === 'entry-evicted' && event.reason === 'space' && event.bytes > 0)).toBe(true)
            expect(new Set(writes.map(({ key }) => key)).size - keys.length).toBeLessThanOrEqual(events.length)
          } finally {
            await store.close()
            run.remove()
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  it('lets the expired go first, then what is least worth its bytes', async () => {
    const costing = (key: string, ms: number, lifetimeMs = 600_000): Entry =>
      named(key, { body: new Uint8Array(1000), ...originMs(ms), lifetimeMs })
    const scale = open({ path: join(file.folder, 'scale.db') })
    await scale.set(costing('cheap', 10))
    const store = open({ maxBytes: Math.floor(4.5 * (scale.size()?.bytes ?? 0)) })
    const events = listenTo(store)
    for (const entry of [costing('dear', 9000), costing('cheap', 10), costing('asked', 10), costing('over', 90_000, 100)])
      await store.set(entry)
    await store.get('asked')
    clock.advance(60_000)
    await store.set(costing('again', 90_000, 100))
    clock.advance(100)
    await store.set(costing('new', 1))
    expect(await keysOf(store)).toEqual(['asked', 'cheap', 'dear', 'new'])
    await store.set(costing('newer', 1))
    expect(await keysOf(store)).toEqual(['asked', 'cheap', 'dear', 'newer'])
    await store.set(costing('more', 100))
    expect(await keysOf(store)).toEqual(['asked', 'cheap', 'dear', 'more'])
    await store.set(costing('most', 100))
    expect(await keysOf(store)).toEqual(['asked', 'dear', 'more', 'most'])
    expect(events.map((event) => event.type === 'entry-evicted' && event.reason)).toEqual(['expired', 'expired', 'space', 'space', 'space'])
  })

  it('keeps marks of what was invalidated while there is anything else, and then lets the oldest go', async () => {
    const mark = (index: number): Entry => named(`lc0.mark.${index}`, { body: new Uint8Array(0), ...originMs(0) })
    const store = open({ maxBytes: 20_000 })
    const events = listenTo(store)
    await store.set(mark(0))
    for (let index = 0; index < 100; index += 1) {
      clock.advance(1000)
      await store.set(named(`k${index}`, { body: new Uint8Array(4000), ...originMs(900_000) }))
    }
    expect(events.length).toBeGreaterThan(90)
    expect(await keysOf(store)).toContain('lc0.mark.0')
    expect(await collect(store.hottest?.(1_000_000) ?? [])).not.toContainEqual(expect.objectContaining({ key: 'lc0.mark.0' }))
    for (let index = 1; index < 100; index += 1) {
      clock.advance(1000)
      await store.set(mark(index))
      expect(store.size()?.bytes).toBeLessThanOrEqual(20_000)
    }
    const keys = await keysOf(store)
    expect(keys.filter((key) => !key.startsWith('lc0.mark.'))).toEqual([])
    expect(keys).toContain('lc0.mark.99')
    expect(keys).not.toContain('lc0.mark.0')
  })

  it('refuses what could never fit, and forgets what that would have replaced', async () => {
    const store = open({ maxBytes: 3000 })
    await store.set(named('k'))
    expect(await store.set(named('k', { headers: [['x', 'ü'.repeat(1500)]] }))).toBe(false)
    expect(store.size()).toEqual({ entries: 0, bytes: 0 })
  })

  it('lets the file shrink again', async () => {
    const store = open({ sweepInterval: 1000 })
    for (let index = 0; index < 100; index += 1)
      await store.set(named(`k${index}`, { body: new Uint8Array(100_000).fill(index), lifetimeMs: 5000 }))
    clock.advance(2000)
    const full = statSync(file.path).size
    expect(full).toBeGreaterThan(9_000_000)
    clock.advance(10_000)
    expect(store.size()).toEqual({ entries: 0, bytes: 0 })
    expect(statSync(file.path).size).toBeLessThan(full / 4)
    expect(statSync(`${file.path}-wal`).size).toBeLessThan(5_000_000)
  })
})

describe('upkeep', () => {
  it('takes the expired away in batches, with an event each', async () => {
    const store = open({ sweepInterval: 1000 })
    const events = listenTo(store)
    await store.setMany?.(Array.from({ length: 450 }, (_, index) => named(`k${index}`, { lifetimeMs: 500 })))
    await store.set(named('kept'))
    clock.advance(1000)
    expect(store.size()?.entries).toBe(251)
    clock.advance(40)
    expect(store.size()?.entries).toBe(1)
    expect(events).toHaveLength(450)
    expect(new Set(events.map((event) => event.type === 'entry-evicted' && event.reason))).toEqual(new Set(['expired']))
  })

  it('waits with one timer at the most', async () => {
    const store = open()
    for (let index = 0; index < 10; index += 1) {
      await store.set(named('k'))
      await store.delete('k')
      expect(clock.pending()).toBe(1)
    }
  })

  it('overwrites what was deleted, in the file and in its log', async () => {
    const store = open()
    const marks = Array.from({ length: 300 }, (_, index) => `mark-${index}-${'x'.repeat(index * 7)}-end`)
    for (const mark of marks) await store.set(named(`lc1.p${marks.indexOf(mark) % 3}.${mark.slice(0, 12)}`, { body: Buffer.from(mark) }))
    const readable = (): number => {
      const text = ['', '-wal'].map((suffix) => readFileSync(`${file.path}${suffix}`, 'latin1')).join('')
      return marks.filter((mark, index) => index % 3 === 1 && text.includes(mark.slice(0, 20))).length
    }
    expect(readable()).toBe(100)
    for (const key of await keysOf(store, 'lc1.p1.')) await store.delete(key)
    clock.advance(1000)
    expect(readable()).toBe(0)
    expect(statSync(`${file.path}-wal`).size).toBe(0)
    expect(store.size()?.entries).toBe(200)
    await store.clear()
    expect(readFileSync(file.path, 'latin1')).not.toContain('mark-')
    expect(statSync(`${file.path}-wal`).size).toBe(0)
  })
})

describe('listing', () => {
  it('gives the keys with a prefix, whatever the characters', async () => {
    const store = open()
    const key = fc.oneof(
      fc.string({ maxLength: 4, unit: 'grapheme' }),
      fc.string({ maxLength: 4, unit: fc.constantFrom('a', 'b', '%', '_', '*', '\uffff', '\u{10ffff}') }),
    )
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { maxLength: 20 }), key, async (keys, prefix) => {
        await store.clear()
        await store.setMany?.(keys.map((name) => named(name)))
        expect((await keysOf(store, prefix)).sort()).toEqual(keys.filter((name) => name.startsWith(prefix)).sort())
      }),
      { numRuns: 60 },
    )
  })

  it('lists many pages, also while each is deleted', async () => {
    const store = open()
    await store.setMany?.(Array.from({ length: 1700 }, (_, index) => named(`lc1.${index % 2 ? 'p' : 'q'}.${index}`)))
    let deleted = 0
    for await (const key of store.keys?.('lc1.p.') ?? []) deleted += (await store.delete(key)) ? 1 : 0
    expect(deleted).toBe(850)
    expect(store.size()?.entries).toBe(850)
    expect(await keysOf(store)).toHaveLength(850)
  })

  it('lists what is still being written, and deleting it undoes the write', async () => {
    const store = open()
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    store.useCodec?.({ encode: (entry) => gate.then(() => encodeFrame(entry)), decode: decodeFrame })
    const writing = store.set(named('lc1.p.late'))
    expect(await keysOf(store, 'lc1.p.')).toEqual(['lc1.p.late'])
    expect(await store.delete('lc1.p.late')).toBe(false)
    release()
    expect(await writing).toBe(false)
    expect(await store.get('lc1.p.late')).toBeUndefined()
  })

  it('answers many at once, in order', async () => {
    const store = open()
    expect(await store.setMany?.([named('a'), named('b', { lifetimeMs: 0 }), named('c'), named('a', { id: 'second' })])).toEqual([
      false,
      false,
      true,
      true,
    ])
    const found = await store.getMany?.(['c', 'none', 'a', 'b'])
    expect(found?.map((entry) => entry && [entry.key, entry.id === 'second'])).toEqual([['c', false], undefined, ['a', true], undefined])
  })
})

describe('the hottest', () => {
  it('come by what they save for each byte, hits included, also those before closing', async () => {
    let store = open()
    const body = new Uint8Array(1000)
    await store.set(named('slow', { body, ...originMs(3000) }))
    await store.set(named('asked', { body, ...originMs(1000) }))
    await store.set(named('once', { body, ...originMs(900) }))
    await store.set(named('large', { body: new Uint8Array(100_000), ...originMs(3000) }))
    await store.set(named('over', { body, ...originMs(9000), lifetimeMs: 10 }))
    clock.advance(10)
    await store.set(named('late', { body, ...originMs(900) }))
    for (let index = 0; index < 9; index += 1) await store.get('asked')
    await store.close()
    store = open()
    const order = ['asked', 'slow', 'late', 'once', 'large']
    expect((await collect(store.hottest?.(1e9))).map(({ key }) => key)).toEqual(order)
    await store.get('once')
    expect((await collect(store.hottest?.(1e9))).map(({ key }) => key)).toEqual(['asked', 'slow', 'once', 'late', 'large'])
  })

  it('fill the room that there is, and no more', async () => {
    const store = open()
    const entries = Array.from({ length: 500 }, (_, index) =>
      named(`k${index}`, { body: new Uint8Array(index), ...originMs(1 + ((index * 37) % 500)) }),
    )
    await store.setMany?.(entries)
    for (const room of [0, 100, 5000, 100_000]) {
      const given = await collect(store.hottest?.(room))
      const bytes = given.reduce((sum, entry) => sum + entryBytes(entry), 0)
      expect(bytes).toBeLessThanOrEqual(room)
      if (room >= 5000) expect(bytes).toBeGreaterThan(room - 1100)
    }
    expect(await collect(store.hottest?.(1e9))).toHaveLength(500)
  })

  it('skip what is damaged', async () => {
    const store = open()
    const events = listenTo(store)
    await store.setMany?.([named('a'), named('b')])
    const raw = openRaw(file.path)
    raw.plant('a', 'damaged')
    raw.close()
    expect((await collect(store.hottest?.(1e9))).map(({ key }) => key)).toEqual(['b'])
    expect(events).toEqual([{ type: 'entry-damaged', store: 'disk', reason: 'not-a-frame' }])
  })
})

describe('frames', () => {
  it('of another version are left where they are', async () => {
    const store = open()
    const events = listenTo(store)
    await store.set(named('k'))
    const raw = openRaw(file.path)
    const frame = raw.frame('k') as Buffer
    frame[4] = 99
    raw.plant('k', frame.toString('latin1'))
    expect(await store.get('k')).toBeUndefined()
    expect(raw.frame('k')).toEqual(frame)
    expect(events).toEqual([{ type: 'entry-damaged', store: 'disk', reason: 'version' }])
    raw.close()
  })

  it('that are damaged are deleted', async () => {
    const store = open()
    await store.set(named('k'))
    const raw = openRaw(file.path)
    raw.plant('k', 'LLMC\u0001\u0000no more')
    expect(await store.get('k')).toBeUndefined()
    expect(raw.frame('k')).toBeUndefined()
    raw.close()
  })
})

describe('a write that the disk does not take', () => {
  it('rejects, and is never reported as stored', async () => {
    const store = open()
    await store.set(named('k'))
    const raw = openRaw(file.path)
    raw.connection.exec('BEGIN IMMEDIATE')
    await expect(store.set(named('other'))).rejects.toThrow(/locked|busy/)
    await expect(store.setMany?.([named('other')])).rejects.toThrow(/locked|busy/)
    expect(() => store.delete('k')).toThrow(/locked|busy/)
    expect(await store.get('k')).toMatchObject({ key: 'k' })
    raw.connection.exec('ROLLBACK')
    raw.close()
    expect(await store.set(named('other'))).toBe(true)
  })
})

it('OptionError is what callers can tell apart', () => {
  expect(() => createDiskStore({ path: file.folder })).toThrow(OptionError)
})
