import { describe, expect, it } from 'vitest'
import { sampleEntry } from '../../src/testing/sample-entry.js'
import { type Chaos, createChaos, turn } from './chaos-store.js'

const put = async ({ guard, clock }: Chaos, key: string, fields: object = {}): Promise<string> =>
  guard.set(sampleEntry(clock, { key, ...fields }))
const later = <T>(work: T | Promise<T>): { value: T | undefined } => {
  const told: { value: T | undefined } = { value: undefined }
  Promise.resolve(work).then((value) => {
    told.value = value
  })
  return told
}

describe('deleting', () => {
  it('takes a waiting write out and says that there was one', async () => {
    const chaos = createChaos({ queue: { concurrency: 1 } })
    chaos.writes = 50
    const [first, second] = [later(put(chaos, 'lc1.p.a')), later(put(chaos, 'lc1.p.b'))]
    expect(await chaos.guard.delete('lc1.p.b')).toBe('deleted')
    expect(await chaos.guard.get('lc1.p.b')).toEqual({ kind: 'absent' })
    await chaos.pass(100)
    expect([first.value, second.value]).toEqual(['stored', 'dropped'])
    expect([...chaos.held.keys()]).toEqual(['lc1.p.a'])
  })

  it('comes after a write under way, and before the writes that come later', async () => {
    const chaos = createChaos()
    Object.assign(chaos, { writes: 50, deletes: 30 })
    const [old, deleted] = [later(put(chaos, 'lc1.p.a')), later(chaos.guard.delete('lc1.p.a'))]
    const fresh = later(put(chaos, 'lc1.p.a', { id: 'fresh' }))
    expect(chaos.guard.get('lc1.p.a')).toMatchObject({ entry: { id: 'fresh' } })
    await chaos.pass(60)
    expect([old.value, deleted.value, chaos.held.has('lc1.p.a')]).toEqual(['dropped', undefined, true])
    await chaos.pass(30)
    expect([deleted.value, chaos.held.has('lc1.p.a')]).toEqual(['deleted', false])
    await chaos.pass(60)
    expect([fresh.value, chaos.held.get('lc1.p.a')?.id]).toEqual(['stored', 'fresh'])
  })

  it('does not claim what a write given up as late may undo, and deletes again when it lands', async () => {
    const chaos = createChaos()
    chaos.writes = 'hang'
    const write = later(put(chaos, 'lc1.p.a'))
    await chaos.pass(100)
    expect(write.value).toBe('failed')
    expect(await chaos.guard.delete('lc1.p.a')).toBe('failed')
    expect(await chaos.guard.erase('lc1.')).toEqual({ kind: 'failed', reason: 'timeout', matched: 0, removed: 0 })
    chaos.answerAll()
    expect(chaos.held.has('lc1.p.a')).toBe(true)
    await turn()
    expect(chaos.held.has('lc1.p.a')).toBe(false)
    expect(await chaos.guard.delete('lc1.p.a')).toBe('absent')
  })

  it('does not wait for ever to believe in a write that was lost', async () => {
    const chaos = createChaos({ longDeadlineMs: 1000 })
    chaos.writes = 'hang'
    void put(chaos, 'lc1.p.a')
    await chaos.pass(1100)
    expect(await chaos.guard.delete('lc1.p.a')).toBe('absent')
  })
})

describe('erasing', () => {
  it('removes what is stored, waits and is under way under the prefix, and nothing else', async () => {
    const chaos = createChaos({ queue: { concurrency: 2 } })
    for (const key of ['lc1.t.a', 'lc1.t.b', 'lc1.t2.a', 'lc1.x.a']) await put(chaos, key)
    chaos.writes = 50
    const writes = ['lc1.t.c', 'lc1.x.b', 'lc1.t.d', 'lc1.x.c'].map((key) => later(put(chaos, key)))
    const erased = later(chaos.guard.erase('lc1.t.'))
    const meanwhile = later(put(chaos, 'lc1.t.new'))
    await chaos.pass(50)
    expect(erased.value).toEqual({ kind: 'erased', matched: 3, removed: 3 })
    await chaos.pass(200)
    expect(writes.map(({ value }) => value)).toEqual(['dropped', 'stored', 'dropped', 'stored'])
    expect(meanwhile.value).toBe('stored')
    expect([...chaos.held.keys()].sort()).toEqual(['lc1.t.new', 'lc1.t2.a', 'lc1.x.a', 'lc1.x.b', 'lc1.x.c'])
  })

  it('deletes in batches, so that more keys than fit in one go too', async () => {
    const chaos = createChaos()
    for (let index = 0; index < 25_000; index++) chaos.held.set(`lc1.t.${index}`, sampleEntry(chaos.clock, {}))
    expect(await chaos.guard.erase('lc1.t.')).toEqual({ kind: 'erased', matched: 25_000, removed: 25_000 })
    expect(chaos.held.size).toBe(0)
  })

  it('does not believe a store that says deleted and keeps it', async () => {
    const chaos = createChaos({}, { delete: async () => true })
    await put(chaos, 'lc1.t.a')
    expect(await chaos.guard.erase('lc1.t.')).toEqual({ kind: 'failed', reason: 'left', matched: 1, removed: 0 })
  })

  it('leaves alone what is not under the prefix, whatever the store lists', async () => {
    const listed = ['lc1.x.a', 5, null, 'lc1.t.a', 'lc1.t.a', {}] as string[]
    const chaos: Chaos = createChaos(
      {},
      {
        keys: async function* () {
          yield* listed.filter((key) => chaos.held.has('lc1.t.a') || typeof key !== 'string' || key === 'lc1.x.a')
        },
      },
    )
    for (const key of ['lc1.x.a', 'lc1.t.a']) await put(chaos, key)
    expect(await chaos.guard.erase('lc1.t.')).toEqual({ kind: 'erased', matched: 1, removed: 1 })
    expect([...chaos.held.keys()]).toEqual(['lc1.x.a'])
  })

  it('says why it failed, and lets writes go on', async () => {
    const none = createChaos({}, { keys: undefined } as never)
    await put(none, 'lc1.t.a')
    expect(await none.guard.erase('lc1.t.')).toEqual({ kind: 'failed', reason: 'unsupported', matched: 0, removed: 0 })
    expect(await none.guard.erase('')).toEqual({ kind: 'erased', matched: 0, removed: 0 })
    expect(none.held.size).toBe(0)

    const thrown = createChaos(
      {},
      {
        keys: () => {
          throw new Error('keys')
        },
      },
    )
    expect(await thrown.guard.erase('lc1.t.')).toEqual({ kind: 'failed', reason: 'error', matched: 0, removed: 0 })
    expect(await put(thrown, 'lc1.t.a')).toBe('stored')

    const hanging = createChaos(
      {},
      {
        async *keys() {
          await new Promise(() => {})
          yield ''
        },
      },
    )
    const erased = later(hanging.guard.erase(''))
    await turn()
    hanging.clock.advance(10_000)
    await turn()
    expect(erased.value).toEqual({ kind: 'failed', reason: 'timeout', matched: 0, removed: 0 })

    const refusing = createChaos()
    await put(refusing, 'lc1.t.a')
    refusing.deletes = 'reject'
    expect(await refusing.guard.erase('lc1.')).toEqual({ kind: 'failed', reason: 'error', matched: 1, removed: 0 })
  })

  it('works on a store that answers at once', async () => {
    const held = new Map<string, unknown>()
    const chaos = createChaos(
      {},
      {
        synchronous: true,
        set: (entry) => Boolean(held.set(entry.key, entry)),
        delete: (key) => held.delete(key),
        keys: (prefix) => [...held.keys()].filter((key) => key.startsWith(prefix)),
      },
    )
    expect(chaos.guard.set(sampleEntry(chaos.clock, { key: 'lc1.t.a' }))).toBe('stored')
    expect(await chaos.guard.erase('lc1.')).toEqual({ kind: 'erased', matched: 1, removed: 1 })
  })
})

describe('the queue behind the guard', () => {
  it('passes fences on', async () => {
    const chaos = createChaos()
    await chaos.guard.set(sampleEntry(chaos.clock, {}), { token: 7 })
    expect(chaos.fences).toEqual([{ token: 7 }])
  })

  it('is written out by flush and close', async () => {
    const chaos = createChaos({ queue: { concurrency: 1 } })
    chaos.writes = 50
    const writes = ['a', 'b', 'c'].map((key) => later(put(chaos, key)))
    const flushed = later(chaos.guard.flush().then(() => 'flushed'))
    await chaos.pass(140)
    expect(flushed.value).toBeUndefined()
    expect(chaos.guard.stats().queued.items).toBe(1)
    await chaos.pass(20)
    expect(flushed.value).toBe('flushed')
    const last = later(put(chaos, 'd'))
    const closed = later(chaos.guard.close().then(() => 'closed'))
    expect(chaos.guard.set(sampleEntry(chaos.clock, {}))).toBe('dropped')
    expect(chaos.guard.get('e')).toEqual({ kind: 'failed', reason: 'skipped' })
    await chaos.pass(60)
    expect([...writes, last, closed].map(({ value }) => value)).toEqual(['stored', 'stored', 'stored', 'stored', 'closed'])
    expect(chaos.guard.stats()).toMatchObject({ written: 4, dropped: 1, writes: { count: 4, maxMs: 50 } })
    expect(chaos.clock.pending()).toBe(0)
  })

  it('waits no longer than the long deadline at close, and tells what it drops', async () => {
    const chaos = createChaos({ queue: { concurrency: 1 }, longDeadlineMs: 120 })
    chaos.writes = 50
    const writes = ['a', 'b', 'c', 'd'].map((key) => later(put(chaos, key)))
    const closed = later(chaos.guard.close().then(() => 'closed'))
    await chaos.pass(200)
    expect([...writes, closed].map(({ value }) => value)).toEqual(['stored', 'stored', 'stored', 'dropped', 'closed'])
    expect(chaos.events).toEqual([expect.objectContaining({ type: 'write-dropped', store: 'chaos', reason: 'closed' })])
  })

  it('is given up as soon as the store goes down during close', async () => {
    const chaos = createChaos({ queue: { concurrency: 1 } })
    chaos.writes = 'hang'
    const writes = [...'abcdefgh'].map((key) => later(put(chaos, key)))
    const closed = later(chaos.guard.close().then(() => 'closed'))
    await chaos.pass(600)
    expect(closed.value).toBe('closed')
    expect(writes.map(({ value }) => value)).toEqual([...Array(4).fill('failed'), ...Array(4).fill('dropped')])
    expect(chaos.clock.pending()).toBe(0)
  })

  it('is tried once more at close where the store is down', async () => {
    for (const works of [true, false]) {
      const chaos = createChaos({ queue: { concurrency: 1 } })
      chaos.writes = 'reject'
      const writes = [...'abcdefgh'].map((key) => later(put(chaos, key)))
      await turn()
      expect(chaos.guard.state).toBe('read-only')
      if (works) chaos.writes = 'fine'
      await chaos.guard.close()
      await turn()
      expect(writes.map(({ value }) => value)).toEqual([...Array(4).fill('failed'), ...Array(4).fill(works ? 'stored' : 'dropped')])
      expect(chaos.events.filter(({ type }) => type === 'write-dropped')).toHaveLength(works ? 0 : 4)
      expect(chaos.clock.pending()).toBe(0)
    }
  })
})

it('guards what processes do together', async () => {
  const chaos = createChaos()
  expect(await chaos.guard.attempt('flight', async () => 5)).toEqual({ kind: 'done', value: 5 })
  const late = later(chaos.guard.attempt('flight', () => new Promise(() => {}), 30))
  await chaos.pass(30)
  expect(late.value).toEqual({ kind: 'failed', reason: 'timeout' })
  const rejecting = (): Promise<never> => Promise.reject(new Error('x'))
  for (let times = 0; times < 4; times++)
    expect(await chaos.guard.attempt('flight', rejecting)).toEqual({ kind: 'failed', reason: 'error' })
  await turn()
  // What they do is writing: an open breaker of reads would cost hits.
  expect(chaos.guard.state).toBe('read-only')
  expect(await chaos.guard.attempt('flight', async () => 5)).toEqual({ kind: 'failed', reason: 'skipped' })
  expect(await chaos.guard.attempt('get', async () => 5)).toEqual({ kind: 'done', value: 5 })
  expect(await chaos.guard.get('lc1.p.a')).toEqual({ kind: 'absent' })
})

it('counts hits, misses and latencies', async () => {
  const chaos = createChaos()
  await put(chaos, 'a')
  chaos.reads = 20
  const answers = ['a', 'b', 'a'].map((key) => later(chaos.guard.get(key)))
  await chaos.pass(20)
  expect(answers.map(({ value }) => value?.kind)).toEqual(['found', 'absent', 'found'])
  expect(chaos.guard.stats()).toMatchObject({ name: 'chaos', state: 'up', hits: 2, misses: 1, reads: { count: 3, p50Ms: 20, maxMs: 20 } })
})
