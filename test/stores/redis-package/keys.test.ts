import { sampleEntry } from '@llm-cache/core/testing'
import { expect, it } from 'vitest'
import { lead, onEachServer } from './support.js'

const HOSTILE = ['t', 't::u', 'x*', 'xyz', '*', '[a]', 'a', '\\', '\\\\', '__proto__', '?', 'x', 't:', 't:{', 'lock', ':lock', '}:lock', '']
const clock = { now: Date.now }

await onEachServer('keys', ({ server, namespace, open }) => {
  async function collect(keys: AsyncIterable<string>): Promise<string[]> {
    const all: string[] = []
    for await (const key of keys) all.push(key)
    return all.sort()
  }

  it('of hostile namespaces never touch each other', async () => {
    const names = HOSTILE.filter((name) => name !== '' && !/[{}]/.test(name)).map((name) => name)
    const stores = names.map((name) => open(name))
    for (const store of stores) {
      expect(await store.set(sampleEntry(clock, { key: 'lc1.p.k' }))).toBe(true)
      await lead(store, 'lc1.p.flight')
    }
    for (const [at, store] of stores.entries()) {
      expect(await collect(store.keys('')), names[at]).toEqual(['lc1.p.flight', 'lc1.p.k'])
      await store.clear()
      expect(await collect(store.keys(''))).toEqual([])
      for (const other of stores.slice(at + 1)) expect(await other.get('lc1.p.k')).toBeDefined()
    }
  })

  it('of hostile tenants never touch each other', async () => {
    const store = open(namespace())
    const keyOf = (tenant: string): string => `lc1.${tenant}.k`
    for (const tenant of HOSTILE) expect(await store.set(sampleEntry(clock, { key: keyOf(tenant) }))).toBe(true)
    for (const [at, tenant] of HOSTILE.entries()) {
      expect(await collect(store.keys(`lc1.${tenant}.`))).toEqual([keyOf(tenant)])
      for await (const key of store.keys(`lc1.${tenant}.`)) expect(await store.delete(key)).toBe(true)
      expect(await collect(store.keys(''))).toEqual(
        HOSTILE.slice(at + 1)
          .map(keyOf)
          .sort(),
      )
    }
  })

  it('are listed once each, however many there are', async () => {
    const store = open(namespace())
    const keys = Array.from({ length: 3000 }, (_, at) => `lc1.p.${at}`)
    expect(await store.setMany(keys.map((key) => sampleEntry(clock, { key })))).toEqual(keys.map(() => true))
    expect(await collect(store.keys('lc1.p.'))).toEqual([...keys].sort())
    const some = await store.getMany(['lc1.p.7', 'absent', 'lc1.p.8', 'lc1.p.7'])
    expect(some.map((entry) => entry?.key)).toEqual(['lc1.p.7', undefined, 'lc1.p.8', 'lc1.p.7'])
    expect(await store.getMany([])).toEqual([])
    expect(await store.deleteMatching('*.29??')).toBe(100)
    expect(await store.deleteMatching('lc1.p.[12]')).toBe(2)
    expect(await store.deleteMatching('lc1.p')).toBe(0)
    expect(await store.deleteMatching('lc1.q*')).toBe(0)
    expect(await store.deleteMatching('**')).toBe(2898)
  })

  it('match patterns literally where they are told to, and refuse malformed ones', async () => {
    const store = open(namespace())
    for (const key of ['x*', 'xyz', '[a]', 'a']) await store.set(sampleEntry(clock, { key }))
    expect(await store.deleteMatching('x\\*')).toBe(1)
    expect(await store.deleteMatching('\\[a\\]')).toBe(1)
    expect(await store.deleteMatching('[a]')).toBe(1)
    for (const pattern of ['', 'a\\', '[a', 'x'.repeat(513)]) await expect(store.deleteMatching(pattern)).rejects.toThrow(RangeError)
    expect(await collect(store.keys(''))).toEqual(['xyz'])
  })

  it('are listed without holding up reads, and the connection goes with the listing', async () => {
    const store = open(namespace())
    await store.set(sampleEntry(clock, { key: 'a' }))
    const connections = async (): Promise<number> =>
      String(await server.ask('CLIENT', 'LIST'))
        .trim()
        .split('\n').length
    const before = await connections()
    for await (const key of store.keys('')) {
      expect(key).toBe('a')
      expect(await connections()).toBe(before + 1)
    }
    expect(await connections()).toBe(before)
  })
})
