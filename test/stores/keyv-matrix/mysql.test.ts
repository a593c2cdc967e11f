import KeyvMysql from '@keyv/mysql'
import { afterAll, beforeAll, describe } from 'vitest'
import { KEYV_LIMITS } from '../../../packages/core/src/stores/keyv-limits.js'
import { startMariadb } from '../../support/mariadb.js'
import { bareContract } from './bare.js'
import { keyvMatrix } from './matrix.js'

const server = await startMariadb()
afterAll(() => server?.stop())

describe.skipIf(!server)('on a real MariaDB', () => {
  const uri = server?.url ?? ''
  // One pool for all of a URL: closing one closes all.
  const admin = new KeyvMysql(uri)
  // A table made beforehand, as docs/stores.md says: for entries over 48 KB, and keys that differ in case alone.
  const createRoomy = (table: string): Promise<unknown> =>
    admin.query(`CREATE TABLE ${table} (id VARCHAR(255) COLLATE utf8mb4_bin PRIMARY KEY, value LONGTEXT)`)
  beforeAll(() => createRoomy('roomy'))
  afterAll(() => admin.disconnect())

  keyvMatrix('@keyv/mysql', {
    open: () => new KeyvMysql(uri),
    openRoomy: () => new KeyvMysql({ uri, table: 'roomy' }),
    limits: KEYV_LIMITS.mysql,
    // Without the table above.
    confuses: ['T'],
  })
  bareContract('@keyv/mysql', {
    async open(made) {
      await createRoomy(`bare${made}`)
      return new KeyvMysql({ uri, table: `bare${made}` })
    },
  })
})
