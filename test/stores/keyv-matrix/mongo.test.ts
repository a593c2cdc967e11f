import KeyvMongo from '@keyv/mongo'
import { describe } from 'vitest'
import { KEYV_LIMITS } from '../../../packages/core/src/stores/keyv-limits.js'
import { bareContract } from './bare.js'
import { keyvMatrix } from './matrix.js'

/** Of a MongoDB whose database `llm_cache_test` may be filled and emptied: 'mongodb://127.0.0.1:27017'. */
const url = process.env.LLM_CACHE_MONGO_URL
if (!url) console.warn('SKIPPED: tests on a real MongoDB, which Debian has not. To run them set LLM_CACHE_MONGO_URL=mongodb://host:port')

describe.skipIf(!url)('on a real MongoDB', () => {
  const open = (collection: string): object => new KeyvMongo({ url: url as string, db: 'llm_cache_test', collection })
  const close = (adapter: object): Promise<void> => (adapter as KeyvMongo).disconnect()
  keyvMatrix('@keyv/mongo', { open: () => open(`all${process.pid}`), close, limits: KEYV_LIMITS.mongo })
  bareContract('@keyv/mongo', { open: (made) => open(`bare${process.pid}_${made}`), close })
})
