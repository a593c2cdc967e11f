import { OptionError } from '@llm-cache/core'
import { createClient, createClientPool, createCluster } from '@redis/client'
import { describe, expect, it } from 'vitest'
import { createRedisStore, type RedisStoreOptions } from '../src/index.js'
import { checkGlob, escapeGlob, keyNames } from '../src/keys.js'
import { resolveOptions } from '../src/options.js'

function optionOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof OptionError) return `${error.code} ${error.option}: ${error.message}`
    throw error
  }
  return 'accepted'
}

describe('options', () => {
  it.each([
    [{ nameSpace: 'x' }, /^ERR_OPTION_UNKNOWN nameSpace: .*; did you mean "namespace"\?$/],
    [{ leaseMS: 1000 }, /; did you mean "leaseMs"\?$/],
    [{ maxEntryByte: 1 }, /; did you mean "maxEntryBytes"\?$/],
    [{ ttl: 1 }, /^ERR_OPTION_UNKNOWN ttl: .*; valid: "namespace", "name", "maxEntryBytes", "leaseMs", "boundMs", "clock"$/],
    [{ ['x'.repeat(100_000)]: 1 }, /^ERR_OPTION_UNKNOWN x+: .*; valid: /],
    [{ namespace: '' }, /^ERR_OPTION_INVALID namespace/],
    [{ namespace: 'a{b' }, /namespace/],
    [{ namespace: 'a}b' }, /namespace/],
    [{ namespace: 7 }, /namespace/],
    [{ namespace: 'x'.repeat(129) }, /namespace/],
    [{ name: 'Redis' }, /name/],
    [{ name: '' }, /name/],
    [{ maxEntryBytes: 0 }, /maxEntryBytes/],
    [{ maxEntryBytes: 2 ** 30 }, /maxEntryBytes/],
    [{ leaseMs: 99 }, /leaseMs must be a whole number from 100/],
    [{ leaseMs: '3s' }, /leaseMs/],
    [{ boundMs: 1.5 }, /boundMs/],
    [{ boundMs: Number.NaN }, /boundMs/],
    [null, /options/],
  ])('%j is refused by name', (options, message) => {
    expect(optionOf(() => createRedisStore('redis://127.0.0.1:1', options as RedisStoreOptions))).toMatch(message)
  })

  it('have defaults', () => {
    expect(resolveOptions({ namespace: undefined })).toMatchObject({
      namespace: 'llm-cache',
      name: 'redis',
      maxEntryBytes: 8_388_608,
      leaseMs: 3000,
      boundMs: 1000,
    })
  })

  it('do not count undefined', () => {
    expect(resolveOptions({ leaseMs: undefined, clock: undefined }).leaseMs).toBe(3000)
  })
})

describe('clients', () => {
  it.each([
    ['nothing', undefined],
    ['a number', 6379],
    ['a host', 'localhost:6379'],
    ['another protocol', 'http://user:secret@localhost'],
    ['a URL that is none', 'redis://user:secret@ho st'],
    ['an object', {}],
    ['options with a wrong URL', { url: 'secret' }],
    ['a pool', createClientPool()],
    ['what looks like ioredis', { sendCommand() {}, duplicate() {}, status: 'ready' }],
  ])('%s is refused, without showing it', (_, client) => {
    const message = optionOf(() => createRedisStore(client as never))
    expect(message).toMatch(/^ERR_OPTION_INVALID client: /)
    expect(message).not.toContain('secret')
  })

  it('are taken by their shape, and left as they are', async () => {
    const client = createClient({ url: 'redis://127.0.0.1:1', socket: { reconnectStrategy: false } })
    const before = client.eventNames().length
    const store = createRedisStore(client)
    await expect(store.get('x')).rejects.toThrow('not connected')
    await store.close()
    expect(client.eventNames().length).toBe(before)
    // Not connected behind the back of somebody who is about to do so.
    const later = createClient({ url: 'redis://127.0.0.1:1', socket: { reconnectStrategy: false } })
    createRedisStore(later)
    expect(later.isOpen).toBe(false)
    expect(() => createRedisStore(createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }] }))).not.toThrow()
  })
})

describe('keys', () => {
  const names = keyNames('a*')

  it('of one cache key have one hash tag', () => {
    for (const name of [names.entry('k'), names.lock('k'), names.fence('k'), names.followed('k'), names.flight('k', 'f')]) {
      expect(/\{([^}]+)\}/.exec(name)?.[1]).toBe('k')
    }
  })

  it('tell cache keys from everything else', () => {
    for (const key of ['k', '', '}', '{', '}:lock', ':fence', 'a{b}c']) {
      for (const name of [names.entry(key), names.lock(key), names.fence(key)]) expect(names.cacheKey(name)).toBe(key)
      for (const name of [names.followed(key), names.flight(key, 'f'), names.log, keyNames('b').entry(key)]) {
        expect(names.cacheKey(name)).toBeUndefined()
      }
    }
  })

  it('are escaped in patterns', () => {
    expect(escapeGlob('a*?[b]\\')).toBe('a\\*\\?\\[b\\]\\\\')
    expect(names.beginning('x[')).toBe('a\\*:{x\\[*')
    expect(checkGlob('a***b\\**[*]')).toBe('a*b\\**[*]')
  })
})
