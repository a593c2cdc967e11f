import { createMemoryStore } from '@llm-cache/core'
import { createRedisStore, type RedisStore } from '@llm-cache/redis'
import { type Place, retireSuite } from '../../../packages/core/test/control/retire-suite.js'
import { onEachServer } from './support.js'

await onEachServer('epoch marks', ({ server, namespace }) => {
  const place = (inMemoryToo: boolean, options: Place['options']): Place => {
    const ns = namespace()
    const stores: RedisStore[] = []
    return {
      open() {
        const store = createRedisStore(server.url, { namespace: ns })
        stores.push(store)
        return inMemoryToo ? [createMemoryStore(), store] : store
      },
      close: async () => void (await Promise.all(stores.map((store) => store.close()))),
      options: { storeTimeout: '2s', ...options },
    }
  }
  retireSuite('Redis', true, () => place(false, { collapse: false }))
  retireSuite('memory and Redis, where processes lead for each other', true, () => place(true, { collapse: true }))
})
