import { sampleEntry } from '@llm-cache/core/testing'
import { createRedisStore } from '@llm-cache/redis'
import { createClient } from 'redis'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../support/redis.js'
import { serverVersions, startServer } from '../../support/redis-versions.js'
import { follow, lead, onEachServer, SLACK_MS, until } from './support.js'

const KEY = 'lc1.p.k'
const clock = { now: Date.now }
const entry = () => sampleEntry(clock, { key: KEY })

await onEachServer('faults', ({ server, namespace, open }) => {
  it('out of memory: no write is reported that did not happen', async () => {
    const store = open(namespace())
    expect(await store.set(entry())).toBe(true)
    const lease = await lead(store, 'lc1.p.led')
    await server.ask('CONFIG', 'SET', 'maxmemory', '1')
    try {
      await expect(store.set(entry())).rejects.toThrow(/OOM/)
      await expect(store.setMany([entry(), entry()])).rejects.toThrow(/OOM/)
      await expect(store.set(sampleEntry(clock, { key: 'lc1.p.led' }), lease)).rejects.toThrow(/OOM/)
      await expect(store.sharing.flights.join('lc1.p.new')).rejects.toThrow(/OOM/)
      await expect(store.sharing.counters.add({ hits: 1 })).rejects.toThrow(/OOM/)
      expect((await store.get(KEY))?.key).toBe(KEY)
      expect(await store.delete(KEY)).toBe(true)
    } finally {
      await server.ask('CONFIG', 'SET', 'maxmemory', '0')
    }
    expect(await store.set(entry())).toBe(true)
  })

  it('out of memory in the middle of an answer: followers are told within the lease, and the leader is not held up', async () => {
    const ns = namespace()
    const leaseMs = 6000
    const [leader, other] = [open(ns, { leaseMs }), open(ns, { leaseMs })]
    const lease = await lead(leader, KEY)
    const flight = await follow(other, KEY)
    lease.head({ id: 'x', status: 200, headers: [] })
    expect((await flight.next()).kind).toBe('head')
    await server.ask('CONFIG', 'SET', 'maxmemory', '1')
    try {
      const at = performance.now()
      lease.write(new Uint8Array(10))
      expect((await flight.next()).kind).toBe('lost')
      expect(lease.held).toBe(true)
      await lease.close()
      expect(performance.now() - at).toBeLessThan(leaseMs)
    } finally {
      await server.ask('CONFIG', 'SET', 'maxmemory', '0')
    }
    await (await lead(other, KEY)).close()
  })

  it('a read-only replica: reads work, writes and deletions reject', async () => {
    const store = open(namespace())
    await store.set(entry())
    await server.ask('REPLICAOF', '127.0.0.1', '1')
    try {
      await expect(store.set(entry())).rejects.toThrow(/READONLY/)
      await expect(store.delete(KEY)).rejects.toThrow(/READONLY/)
      await expect(store.clear()).rejects.toThrow(/READONLY/)
      await expect(store.deleteMatching('*')).rejects.toThrow(/READONLY/)
      await expect(store.sharing.flights.join('other')).rejects.toThrow(/READONLY/)
      expect((await store.get(KEY))?.key).toBe(KEY)
    } finally {
      await server.ask('REPLICAOF', 'NO', 'ONE')
    }
    expect(await store.set(entry())).toBe(true)
  })

  it('foreign and garbage values are misses, and go', async () => {
    const ns = namespace()
    const store = open(ns)
    const at = `${ns}:{${KEY}}`
    const plants: string[][] = [
      ['SET', at, 'garbage'],
      ['RPUSH', at, 'a', 'list'],
      ['HSET', at, 'a', 'hash'],
    ]
    for (const plant of plants) {
      await server.ask(...plant)
      expect(await store.get(KEY)).toBeUndefined()
      await until(async () => (await server.ask('EXISTS', at)) === 0)
      await server.ask(...plant)
      expect(await store.getMany([KEY])).toEqual([undefined])
      await server.ask('DEL', at)
    }
    expect(store.events.every((event) => event.type === 'entry-damaged' && event.reason === 'not-a-frame')).toBe(true)
    await store.set(entry())
    const frame = Buffer.from((await server.ask('GET', at)) as string)
    frame[4] = 99
    await server.ask('SET', at, frame.toString('latin1'))
    expect(await store.get(KEY)).toBeUndefined()
    expect(store.events.at(-1)).toEqual({ type: 'entry-damaged', store: 'redis', reason: 'version' })
    expect(await server.ask('EXISTS', at)).toBe(1)
  })

  it('garbage in the keys of flights fails them, and nothing else', async () => {
    const ns = namespace()
    const store = open(ns)
    await server.ask('RPUSH', `${ns}:{a}:lock`, 'x')
    await expect(store.sharing.flights.join('a')).rejects.toThrow(/WRONGTYPE/)
    await server.ask('SET', `${ns}:{b}:lock`, 'nonsense')
    const joining = await store.sharing.flights.join('b')
    expect(joining.kind === 'follow' && (await joining.flight.next())).toEqual({ kind: 'lost' })
    await server.ask('SET', `${ns}:{c}:fence`, 'nonsense')
    await (await lead(store, 'c')).close()
    expect(await store.delete('a')).toBe(false)
    await (await lead(store, 'a')).close()
  })
})

describe('an outage', () => {
  const [version] = serverVersions()
  it.skipIf(!version)('is reported once, rejects at once, and is over when Redis is back', async () => {
    const first = await startServer(version?.command ?? '')
    const given = createClient({ url: first.url, socket: { reconnectStrategy: 50 } })
    const stores = [createRedisStore(first.url), createRedisStore(given)]
    const events: string[] = []
    for (const store of stores) store.listen((event) => events.push(event.type === 'store-failed' ? event.operation : event.type))
    for (const store of stores) {
      expect(await store.set(entry())).toBe(true)
      store.sharing.bus.subscribe(() => {})
    }
    expect(events).toEqual([])
    await first.stop()
    await until(() => events.length === 2)
    for (const store of stores) {
      const at = performance.now()
      await expect(store.get(KEY)).rejects.toThrow('not connected')
      await expect(store.sharing.flights.join(KEY)).rejects.toThrow('not connected')
      expect(performance.now() - at).toBeLessThan(SLACK_MS)
    }
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(events).toEqual(['connection', 'connection'])
    const second = await startServer(version?.command ?? '', { port: `${first.port}` })
    for (const store of stores) await until(async () => store.set(entry()).catch(() => false))
    await Promise.all(stores.map((store) => store.close()))
    expect(given.isReady).toBe(true)
    expect(given.listenerCount('error')).toBe(0)
    given.on('error', () => {})
    given.destroy()
    await second.stop()
  })

  it('from the start is no crash: calls reject, and close comes back', async () => {
    const store = createRedisStore(`redis://127.0.0.1:${await freePort()}`)
    const events: unknown[] = []
    store.listen((event) => events.push(event))
    store.sharing.bus.subscribe(() => {})
    await expect(store.get(KEY)).rejects.toThrow('not connected')
    await expect(store.keys('')[Symbol.asyncIterator]().next()).rejects.toThrow()
    await expect(store.clear()).rejects.toThrow()
    expect(events).toEqual([{ type: 'store-failed', store: 'redis', operation: 'connection', reason: 'error' }])
    await store.close()
    await store.close()
  })

  it.skipIf(!version)('by a frozen Redis does not hold up close', async () => {
    const server = await startServer(version?.command ?? '')
    const store = createRedisStore(server.url)
    await store.set(entry())
    await lead(store, KEY)
    server.pause()
    const hanging = store.get(KEY)
    hanging.catch(() => {})
    await store.close()
    await expect(hanging).rejects.toThrow()
    await server.stop()
  })
})
