import { afterAll, describe, it } from 'vitest'
import { createKeyvStore } from '../../packages/core/src/stores/keyv.js'
import { storeContract } from '../../packages/core/src/testing/store-contract.js'
import { startRedis } from '../support/redis.js'
import { CLIENTS } from './redis-clients.js'

const redis = await startRedis()
afterAll(() => redis?.stop())

describe.skipIf(!redis)('on a real Redis', () => {
  const url = redis?.url ?? ''
  let made = 0
  for (const [name, open] of CLIENTS) {
    storeContract({ describe, it }, name, async ({ clock }) => {
      made += 1
      const keyv = open(url, `llm${made}`)
      const other = open(url, `app${made}`)
      return {
        store: createKeyvStore(keyv, { clock }),
        raw: { read: (key) => keyv.get(key), write: (key, value) => keyv.set(key, text(name, value)) },
        foreign: { plant: async () => void (await other.set('theirs', 'x')), isThere: async () => (await other.get('theirs')) === 'x' },
        dispose: async () => void (await Promise.all([keyv.disconnect(), other.disconnect()])),
      }
    })
  }
})

/** Keyv serialises any value, the bare client sends nothing but text. */
function text(client: string, value: unknown): string {
  return client.startsWith('bare') && typeof value !== 'string' ? JSON.stringify(value) : (value as string)
}
