import KeyvPostgres from '@keyv/postgres'
import { afterAll, describe } from 'vitest'
import { KEYV_LIMITS } from '../../../packages/core/src/stores/keyv-limits.js'
import { startPostgres } from '../../support/postgres.js'
import { bareContract } from './bare.js'
import { keyvMatrix } from './matrix.js'

const server = await startPostgres()
// One pool for all of a URL: closing one closes all. Its answer says that the table is there: two that make it at once would collide.
const last = server && new KeyvPostgres(server.url)
await last?.get('ready')
afterAll(async () => {
  await last?.disconnect()
  await server?.stop()
})

describe.skipIf(!server)('on a real PostgreSQL', () => {
  const uri = server?.url ?? ''
  keyvMatrix('@keyv/postgres', { open: () => new KeyvPostgres(uri), limits: KEYV_LIMITS.postgres })
  bareContract('@keyv/postgres', { open: (made) => new KeyvPostgres({ uri, table: `bare${made}` }) })
})
