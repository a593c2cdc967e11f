import { sampleEntry } from '@llm-cache/core/testing'
import { createRedisStore, type RedisStore } from '@llm-cache/redis'
import { createCluster } from 'redis'
import { afterAll, describe, expect, it } from 'vitest'
import { storeContract } from '../../../packages/core/src/testing/store-contract.js'
import { freePort } from '../../support/redis.js'
import { serverVersions } from '../../support/redis-versions.js'
import { bytes, follow, lead, readAll, SLACK_MS, startCluster, until } from './support.js'

const [own, ...others] = serverVersions()
// Two nodes on one version show that keys go where they belong; the others show that the protocol is the same.
const clusters = [...(own ? [{ ...own, size: 2 }] : []), ...others.map((version) => ({ ...version, size: 1 }))]

for (const { name, command, size } of clusters) {
  const nodes = await startCluster(command, size)
  const rootNodes = [{ url: nodes[0]?.url ?? '' }]
  const connected = await createCluster({ rootNodes }).connect()
  const stores: RedisStore[] = []
  let made = 0

  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()))
    connected.destroy()
    await Promise.all(nodes.map((node) => node.stop()))
  })

  describe(`a cluster of ${size} on ${name}`, () => {
    const open = (namespace: string): RedisStore => {
      const store = createRedisStore(connected, { namespace, leaseMs: 1000, boundMs: 200 })
      stores.push(store)
      return store
    }

    storeContract({ describe, it }, 'redis cluster', async ({ clock }) => {
      const namespace = `c${++made}`
      return {
        store: createRedisStore(connected, { namespace, clock }),
        foreign: {
          plant: async () => void (await connected.set(`c${made}x:{theirs}`, 'x')),
          isThere: async () => (await connected.get(`c${made}x:{theirs}`)) === 'x',
        },
      }
    })

    it('lists, reads, writes and deletes on all nodes', async () => {
      const store = open('all')
      const keys = Array.from({ length: 300 }, (_, at) => `lc1.p.${at}`)
      expect(await store.setMany(keys.map((key) => sampleEntry({ now: Date.now }, { key })))).toEqual(keys.map(() => true))
      for (const node of nodes) expect(Number(await node.ask('DBSIZE'))).toBeGreaterThan(50)
      expect((await store.getMany(keys)).map((entry) => entry?.key)).toEqual(keys)
      const listed: string[] = []
      for await (const key of store.keys('lc1.')) listed.push(key)
      expect(listed.sort()).toEqual([...keys].sort())
      expect(await store.deleteMatching('*.1??')).toBe(100)
      await store.clear()
      expect((await store.getMany(keys)).every((entry) => entry === undefined)).toBe(true)
    })

    it('follows flights, and fences', async () => {
      const [leader, other] = [open('flights'), open('flights')]
      for (const key of ['lc1.p.a', 'lc1.p.b', 'lc1.p.c', 'lc1.p.d']) {
        const lease = await lead(leader, key)
        const all = readAll(await follow(other, key))
        const head = { id: 'x', status: 200, headers: [] }
        lease.head(head)
        lease.write(bytes('chunk'))
        lease.end()
        expect(await all).toEqual([head, 'chunk', 'end'])
        expect(await leader.set(sampleEntry({ now: Date.now }, { key }), lease)).toBe(true)
        await other.delete(key)
        expect(await leader.set(sampleEntry({ now: Date.now }, { key }), lease)).toBe(false)
        await lease.close()
      }
    })

    it('carries the bus and the counters', async () => {
      const [one, two] = [open('bus'), open('bus')]
      const heard: unknown[] = []
      two.sharing.bus.subscribe((message) => heard.push(message))
      await until(async () => (await connected.exists('bus:log')) === 1)
      await one.sharing.bus.publish({ kind: 'erased', prefix: 'lc1.p' })
      await until(() => heard.length > 0)
      expect(heard).toEqual([{ kind: 'erased', prefix: 'lc1.p' }])
      await one.sharing.counters.add({ hits: 1 })
      await two.sharing.counters.add({ hits: 1 })
      expect(await one.sharing.counters.read()).toEqual({ hits: 2 })
    })

    it('is connected by the store where it is not yet, and left open', async () => {
      const cluster = createCluster({ rootNodes })
      const store = createRedisStore(cluster, { namespace: 'unconnected' })
      expect(await store.set(sampleEntry({ now: Date.now }, {}))).toBe(true)
      await store.close()
      expect(cluster.isOpen).toBe(true)
      cluster.destroy()
    })
  })
}

describe('a cluster that is down at the start', () => {
  const create = (port: number) => createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }] })

  it.skipIf(!own)('is used, commands and channels, once it is up', async () => {
    const port = await freePort()
    const cluster = create(port)
    const [store, other] = [createRedisStore(cluster, { boundMs: 200 }), createRedisStore(cluster, { boundMs: 200 })]
    const heard: unknown[] = []
    store.sharing.bus.subscribe((message) => heard.push(message))
    for (let at = 0; at < 3; at++) await expect(store.get('lc1.p.k')).rejects.toThrow('not connected')
    const asked = performance.now()
    await Promise.all(Array.from({ length: 100 }, () => expect(store.get('lc1.p.k')).rejects.toThrow('not connected')))
    expect(performance.now() - asked).toBeLessThan(SLACK_MS)
    const nodes = await startCluster(own?.command ?? '', 1, { port: `${port}` })
    await until(async () => store.set(sampleEntry({ now: Date.now }, {})).catch(() => false))
    await until(async () => String(await nodes[0]?.ask('PUBSUB', 'NUMSUB', 'llm-cache:bus')).endsWith(',1'))
    await until(async () =>
      other.sharing.bus.publish({ kind: 'erased', prefix: '' }).then(
        () => true,
        () => false,
      ),
    )
    await until(() => heard.length > 0)
    await Promise.all([store.close(), other.close()])
    cluster.destroy()
    // What its owner closed is not opened again.
    const closed = createRedisStore(cluster)
    await closed.close()
    await expect(closed.get('lc1.p.k')).rejects.toThrow('not connected')
    expect(cluster.isOpen).toBe(false)
    await Promise.all(nodes.map((node) => node.stop()))
  })

  it('can be closed meanwhile', async () => {
    const cluster = create(await freePort())
    const store = createRedisStore(cluster)
    store.sharing.bus.subscribe(() => {})
    const asked = store.get('lc1.p.k')
    await store.close()
    await expect(asked).rejects.toThrow('not connected')
    await until(() => cluster.listenerCount('error') === 0)
    expect(cluster.isOpen).toBe(false)
  })
})
