import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { KEYV_LIMITS } from '../../../packages/core/src/stores/keyv-limits.js'
import { temporaryFolder } from '../../support/services.js'
import { bareContract } from './bare.js'
import { keyvMatrix } from './matrix.js'

// An optional dependency, since it is compiled where it is installed.
const sqlite = await import('@keyv/sqlite').catch((error: unknown) => {
  if (process.env.CI) throw error
  console.warn('SKIPPED: tests of @keyv/sqlite, which could not be installed here')
  return undefined
})
const folder = await temporaryFolder('sqlite')
afterAll(folder.remove)

describe.skipIf(!sqlite)('on a SQLite file', () => {
  const open = (file: string): object => {
    const { default: KeyvSqlite } = sqlite as NonNullable<typeof sqlite>
    const adapter = new KeyvSqlite({ uri: `sqlite://${join(folder.path, file)}`, busyTimeout: 10_000, iterationLimit: 1000 })
    // The file is thrown away: nothing waits for the disk.
    void adapter.query('PRAGMA synchronous = OFF')
    return adapter
  }
  const close = (adapter: object): Promise<void> => (adapter as { disconnect(): Promise<void> }).disconnect()
  keyvMatrix('@keyv/sqlite', { open: () => open('all.sqlite'), close, limits: KEYV_LIMITS.sqlite })
  bareContract('@keyv/sqlite', { open: (made) => open(`bare${made}.sqlite`), close })
})
