import KeyvMemcache from '@keyv/memcache'
import { afterAll, describe } from 'vitest'
import { KEYV_LIMITS } from '../../../packages/core/src/stores/keyv-limits.js'
import { startMemcached } from '../../support/memcached.js'
import { bareContract } from './bare.js'
import { keyvMatrix } from './matrix.js'

const [server, roomy] = [await startMemcached(), await startMemcached({ maxItem: '4m' })]
afterAll(async () => void (await Promise.all([server?.stop(), roomy?.stop()])))

describe.skipIf(!server)('on a real memcached', () => {
  const openRoomy = (): KeyvMemcache => new KeyvMemcache(roomy?.url ?? '')
  const close = (adapter: object): void => (adapter as KeyvMemcache).client.close()
  keyvMatrix('@keyv/memcache', {
    open: () => new KeyvMemcache(server?.url ?? ''),
    openRoomy,
    close,
    limits: KEYV_LIMITS.memcache,
    lists: false,
  })
  bareContract('@keyv/memcache', {
    async open() {
      const adapter = openRoomy()
      await adapter.clear()
      return adapter
    },
    close,
    // It parses whatever it reads as JSON, and ends the process where that is none.
    encode: (value) => JSON.stringify(value),
  })
})
