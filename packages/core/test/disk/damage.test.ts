import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { failureOf, loadDriver } from '../../src/disk/driver.js'
import { createDiskStore } from '../../src/disk/index.js'
import type { Entry } from '../../src/entry/entry.js'
import { OptionError, PeerMissingError } from '../../src/errors.js'
import type { CacheStore } from '../../src/ports.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'
import { collect, keysOf, listenTo, openRaw, sameEntry, type TemporaryFile, temporaryFile } from './support.js'

const clock = createManualClock()
const DATABASE_DAMAGED = { type: 'entry-damaged', store: 'disk', reason: 'database' }
let file: TemporaryFile

beforeEach(() => {
  file = temporaryFile()
})
afterEach(() => file.remove())

const open = (path = file.path): CacheStore => createDiskStore({ path, clock })

/** A pseudorandom number from 0 up to `below`, the same in every run (mulberry32). */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

function sampleEntries(random: (below: number) => number): Entry[] {
  const noise = Uint8Array.from({ length: 9000 }, () => random(256))
  return Array.from({ length: 30 }, (_, index) =>
    sampleEntry(clock, { key: `lc1.p${index % 3}.${index}`, body: noise.slice(random(9000)) }),
  )
}

/** Everything that a store is asked for, on whatever is left: nothing throws, nothing wrong is answered. */
async function use(store: CacheStore, entries: readonly Entry[]): Promise<number> {
  const fresh = sampleEntry(clock, { key: 'lc1.fresh', body: new Uint8Array(20_000).fill(7) })
  let right = 0
  for (const entry of entries) {
    const found = await store.get(entry.key)
    if (found && !sameEntry(found, entry)) throw new Error('a wrong entry was answered')
    right += found ? 1 : 0
  }
  for (const entry of await collect(store.hottest?.(1e6))) {
    const written = [...entries, fresh].find(({ key }) => key === entry.key)
    if (!written || !sameEntry(entry, written)) throw new Error('a wrong entry is among the hottest')
  }
  await keysOf(store, 'lc1.p1')
  await store.getMany?.(entries.map(({ key }) => key))
  await store.delete('lc1.p0.0')
  store.size()
  if (!(await store.set(fresh))) throw new Error('an entry was refused')
  if (!sameEntry(await store.get(fresh.key), fresh)) throw new Error('what was written is not there')
  return right
}

const WAYS = process.env.CI ? 300 : 80

describe('a damaged file', () => {
  it(`opens every time, and nothing wrong is answered: ${WAYS} ways of damage`, async () => {
    let kept = 0
    let remade = 0
    for (let seed = 0; seed < WAYS; seed += 1) {
      const random = createRandom(seed)
      const path = `${file.folder}/${seed}.db`
      const entries = sampleEntries(random)
      const first = open(path)
      await first.setMany?.(entries)
      // A copy of the files as a crash leaves them, with the log; or the file alone.
      const log = seed % 3 === 0 ? readFileSync(`${path}-wal`) : undefined
      if (!log) await first.close()
      const bytes = readFileSync(path)
      if (log) await first.close()
      rmSync(`${path}-wal`, { force: true })
      writeFileSync(path, damage(bytes, seed, random))
      if (log) writeFileSync(`${path}-wal`, random(2) ? damage(log, seed + 1, random) : log)
      const store = open(path)
      const events = listenTo(store)
      try {
        kept += await use(store, entries)
        clock.advance(60_000)
        await use(store, entries)
        await store.clear()
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
      } finally {
        await store.close()
      }
      remade += events.some((event) => event.type === 'entry-damaged' && event.reason === 'database') ? 1 : 0
      for (const suffix of ['', '-wal', '-shm', '.damaged']) rmSync(`${path}${suffix}`, { force: true })
    }
    // Both happen, or the damage was not worth the name.
    expect(kept).toBeGreaterThan(3 * WAYS)
    expect(remade).toBeGreaterThan(WAYS / 6)
  }, 120_000)

  it('is replaced while it is in use', async () => {
    const store = open()
    const events = listenTo(store)
    const entries = sampleEntries(createRandom(1))
    await store.setMany?.(entries)
    await store.close()
    const again = open()
    again.listen?.((event) => events.push(event))
    truncateSync(file.path, 8192)
    await use(again, entries)
    expect(events).toContainEqual(DATABASE_DAMAGED)
    await again.close()
  })

  it('is no file at all any more: a new one is made', async () => {
    const store = open()
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${file.path}${suffix}`)
    await store.delete('x')
    expect(await store.set(sampleEntry(clock, {}))).toBe(true)
    expect(existsSync(file.path)).toBe(true)
    await store.close()
    const again = open()
    expect(again.size()?.entries).toBe(1)
    await again.close()
  })
})

describe('a file that is not ours', () => {
  it.each(['{ "name": "package" }', 'x'.repeat(10_000)])('is moved aside, never deleted', async (text) => {
    writeFileSync(file.path, text)
    const store = open()
    const events = listenTo(store)
    expect(await store.set(sampleEntry(clock, {}))).toBe(true)
    expect(readFileSync(`${file.path}.damaged`, 'utf8')).toBe(text)
    expect(events).toEqual([DATABASE_DAMAGED])
    await store.close()
  })

  it('is refused when it is another application’s database', () => {
    const other = loadDriver().open(file.path)
    other.exec('CREATE TABLE orders (id INTEGER)')
    other.close()
    const before = readFileSync(file.path)
    expect(() => open()).toThrow(
      expect.objectContaining({ name: 'OptionError', option: 'path', message: expect.stringContaining('another application') }),
    )
    expect(readFileSync(file.path)).toEqual(before)
  })
})

describe('the schema', () => {
  async function makeVersion(version: number): Promise<void> {
    const store = open()
    await store.set(sampleEntry(clock, {}))
    await store.close()
    const raw = openRaw(file.path)
    raw.connection.exec(`UPDATE llm_cache SET version = ${version}; PRAGMA user_version = ${version}`)
    raw.close()
  }

  it('of a later version is an error that says what to do, and the file stays', async () => {
    await makeVersion(2)
    expect(open).toThrow(OptionError)
    expect(open).toThrow(/schema 2.*another path/)
    const raw = openRaw(file.path)
    expect(raw.frame(sampleEntry(clock, {}).key)).toBeDefined()
    raw.close()
  })

  it('of an earlier version is dropped, which is no damage', async () => {
    await makeVersion(0)
    const store = open()
    const events = listenTo(store)
    expect(store.size()?.entries).toBe(0)
    expect(await store.set(sampleEntry(clock, {}))).toBe(true)
    expect(events).toEqual([])
    await store.close()
  })

  it('that a later version changed under a running process is not deleted by it', async () => {
    const store = open()
    const raw = openRaw(file.path)
    raw.connection.exec('DROP TABLE entries; CREATE TABLE answers (id INTEGER); UPDATE llm_cache SET version = 2; PRAGMA user_version = 2')
    expect(() => store.get('k')).toThrow(/later version/)
    expect(raw.connection.prepare('SELECT count(*) AS n FROM answers').get()).toMatchObject({ n: 0 })
    raw.close()
    await store.close()
  })
})

describe('the driver', () => {
  it.skipIf(process.versions.node >= '22')('that is not there is named', () => {
    expect(() => loadDriver('node:sqlite')).toThrow(PeerMissingError)
    expect(() => loadDriver('node:sqlite')).toThrow(/install better-sqlite3/)
  })

  it.each(['SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_NOMEM', 'SQLITE_READONLY', 'ENOSPC'])(
    'takes %s for no damage',
    (code) => {
      expect(failureOf(Object.assign(new Error(code), { code }))).not.toBe('damage')
    },
  )

  it.each([11, 26, 11 | (2 << 8), 522])('takes the number %i for damage', (errcode) => {
    expect(failureOf(Object.assign(new Error('x'), { code: 'ERR_SQLITE_ERROR', errcode }))).toBe('damage')
  })

  it('takes other errors for no damage', () => {
    for (const error of [new TypeError('x'), undefined, 'SQLITE_CORRUPT', { errcode: 13 }]) expect(failureOf(error)).toBe('other')
  })
})

function damage(bytes: Buffer, seed: number, random: (below: number) => number): Buffer {
  const damaged = Buffer.from(bytes)
  switch (seed % 6) {
    case 0:
      return damaged.subarray(0, random(damaged.length))
    case 1:
      damaged[random(100)] = random(256)
      return damaged
    case 2:
      for (let count = 0; count < 1 + random(200); count += 1) flipBit(damaged, random(damaged.length), random(8))
      return damaged
    case 3:
      flipBit(damaged, random(4096), random(8))
      return damaged
    case 4:
      return damaged.fill(random(256), ...span(damaged, random))
    default: {
      const [from, to] = span(damaged, random)
      damaged.copy(damaged, random(damaged.length), from, to)
      return damaged
    }
  }
}

function flipBit(bytes: Buffer, at: number, bit: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
}

function span(bytes: Buffer, random: (below: number) => number): [from: number, to: number] {
  const from = random(bytes.length)
  return [from, Math.min(bytes.length, from + random(20_000))]
}
