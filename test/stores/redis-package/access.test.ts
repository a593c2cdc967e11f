import { readFileSync } from 'node:fs'
import { sampleEntry } from '@llm-cache/core/testing'
import { createRedisStore, type RedisStore } from '@llm-cache/redis'
import { expect, it } from 'vitest'
import { bytes, follow, lead, onEachServer, readAll, until } from './support.js'

const HEAD = { id: 'x', status: 200, headers: [] }
const clock = { now: Date.now }

await onEachServer('an account with the rights that the documentation lists', ({ server }) => {
  it('can do everything, within its namespace', async () => {
    const page = readFileSync(new URL('../../../docs/many-processes.md', import.meta.url), 'utf8')
    const rule = /^ACL SETUSER llm-cache (.*)$/m.exec(page)?.[1]?.replace('>PASSWORD', '>secret')
    expect(rule).toBeDefined()
    await server.ask('ACL', 'SETUSER', 'llm-cache', ...(rule ?? '').split(' '))
    const url = server.url.replace('//', '//llm-cache:secret@')
    const stores: RedisStore[] = [createRedisStore(url, { boundMs: 100 }), createRedisStore({ url }, { boundMs: 100 })]
    const [one, two] = stores as [RedisStore, RedisStore]
    const heard: unknown[] = []
    two.sharing.bus.subscribe((message) => heard.push(message))
    const lease = await lead(one, 'k')
    const steps = readAll(await follow(two, 'k'))
    lease.head(HEAD)
    lease.write(bytes('x'))
    lease.end()
    expect(await steps).toEqual([HEAD, 'x', 'end'])
    expect(await lease.followed()).toBe(true)
    expect(await one.set(sampleEntry(clock, { key: 'k' }), lease)).toBe(true)
    await lease.close()
    await until(async () => ((await server.ask('PUBSUB', 'NUMSUB', 'llm-cache:bus')) as unknown[])[1] === 1)
    await one.sharing.bus.publish({ kind: 'changed', key: 'k' })
    await until(() => heard.length > 0)
    await one.sharing.counters.add({ hits: 1 })
    expect(await two.sharing.counters.read()).toEqual({ hits: 1 })
    expect(await two.set(sampleEntry(clock, { key: 'l' }))).toBe(true)
    expect((await two.getMany(['k', 'l'])).map((entry) => entry?.key)).toEqual(['k', 'l'])
    expect(await one.deleteMatching('l')).toBe(1)
    await one.clear()
    expect(await two.get('k')).toBeUndefined()
    await expect(createStore(url).get('k')).rejects.toThrow(/NOPERM/)
    await Promise.all(stores.map((store) => store.close()))

    function createStore(from: string): RedisStore {
      const store = createRedisStore(from, { namespace: 'other' })
      stores.push(store)
      return store
    }
  })
})
