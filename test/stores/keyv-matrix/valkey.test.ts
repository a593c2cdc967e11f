import KeyvValkey from '@keyv/valkey'
import { Keyv as Keyv5 } from 'keyv-v5'
import { afterAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../../packages/core/src/lib/clock.js'
import type { KeyvLike } from '../../../packages/core/src/ports.js'
import { createKeyvStore } from '../../../packages/core/src/stores/keyv.js'
import { KEYV_LIMITS } from '../../../packages/core/src/stores/keyv-limits.js'
import { sampleEntry } from '../../../packages/core/src/testing/sample-entry.js'
import { startValkey } from '../../support/valkey.js'
import { bareContract } from './bare.js'
import { keyvMatrix } from './matrix.js'

const server = await startValkey()
afterAll(() => server?.stop())

describe.skipIf(!server)(`on a real ${server?.kind}`, () => {
  const url = server?.url ?? ''
  const close = (adapter: object): Promise<void> => (adapter as KeyvValkey).disconnect()
  keyvMatrix('@keyv/valkey', { open: () => new KeyvValkey(url), close, limits: KEYV_LIMITS.valkey })
  bareContract('@keyv/valkey', {
    async open() {
      const adapter = new KeyvValkey(url)
      await adapter.redis.flushall()
      return adapter
    },
    close,
  })

  it.each([
    ['bare', () => new KeyvValkey(url), (adapter: object) => adapter as KeyvLike],
    ['without its sets', () => new KeyvValkey(url, { useRedisSets: false }), (store: object) => new Keyv5({ store })],
  ])('says so where the adapter lists nothing of what it holds: %s', async (_, open, wrap) => {
    const adapter = open()
    const store = createKeyvStore(wrap(adapter))
    expect(await store.set(sampleEntry(systemClock(), {}))).toBe(true)
    await expect(collect(store.keys?.(''))).rejects.toThrow(/list/)
    await store.clear()
    expect(await store.get(sampleEntry(systemClock(), {}).key)).toBeUndefined()
    await close(adapter)
  })
})

async function collect(keys: Iterable<string> | AsyncIterable<string> | undefined): Promise<string[]> {
  const found: string[] = []
  for await (const key of keys ?? []) found.push(key)
  return found
}
