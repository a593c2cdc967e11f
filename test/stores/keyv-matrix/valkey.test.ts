import KeyvValkey from '@keyv/valkey'
import { afterAll, describe, expect, it } from 'vitest'
import { createKeyvStore } from '../../../packages/core/src/stores/keyv.js'
import { KEYV_LIMITS } from '../../../packages/core/src/stores/keyv-limits.js'
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

  it('says so where the adapter lists nothing of what it holds', async () => {
    const adapter = new KeyvValkey(url)
    const store = createKeyvStore(adapter)
    await expect(Promise.resolve(store.keys?.('')).then(async (keys) => [...((await collect(keys)) ?? [])])).rejects.toThrow(/list/)
    await close(adapter)
  })
})

async function collect(keys: Iterable<string> | AsyncIterable<string> | undefined): Promise<string[]> {
  const found: string[] = []
  for await (const key of keys ?? []) found.push(key)
  return found
}
