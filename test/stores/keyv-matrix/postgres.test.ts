import KeyvPostgres from '@keyv/postgres'
import { afterAll, describe } from 'vitest'
import { KEYV_LIMITS } from '../../../packages/core/src/stores/keyv-limits.js'
import { startPostgres } from '../../support/postgres.js'
import { bareContract } from './bare.js'
import { keyvMatrix } from './matrix.js'

const server = await startPostgres()
afterAll(() => server?.stop())

describe.skipIf(!server)('on a real PostgreSQL', () => {
  const uri = server?.url ?? ''
  // One pool for all of a URL: closing one closes all.
  const last = new KeyvPostgres(uri)
  afterAll(() => last.disconnect())
  keyvMatrix('@keyv/postgres', { open: () => new KeyvPostgres(uri), limits: KEYV_LIMITS.postgres })
  bareContract('@keyv/postgres', { open: (made) => new KeyvPostgres({ uri, table: `bare${made}` }) })
})
