import KeyvRedis from '@keyv/redis'
import { afterAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../../packages/core/src/lib/clock.js'
import type { KeyvLike } from '../../../packages/core/src/ports.js'
import { createKeyvStore } from '../../../packages/core/src/stores/keyv.js'
import { KEYV_LIMITS } from '../../../packages/core/src/stores/keyv-limits.js'
import { sampleEntry } from '../../../packages/core/src/testing/sample-entry.js'
import { startRedis } from '../../support/redis.js'
import { bareContract } from './bare.js'
import { keyvMatrix, MAJORS } from './matrix.js'

const server = await startRedis()
afterAll(() => server?.stop())

describe.skipIf(!server)('on a real Redis', () => {
  const url = server?.url ?? ''
  const close = (adapter: object): Promise<void> => (adapter as KeyvRedis<unknown>).disconnect()
  keyvMatrix('@keyv/redis', { open: () => new KeyvRedis(url), close, limits: KEYV_LIMITS.redis })
  bareContract('@keyv/redis', { open: (made) => new KeyvRedis(url, { namespace: `bare${made}` }), close })

  describe.each([...MAJORS, ['bare', (adapter: object) => adapter as KeyvLike] as const])('lost writes, %s', (_, wrap) => {
    it('are not reported as done, even where no error is', async () => {
      const adapter = new KeyvRedis(url)
      const keyv = wrap(adapter, 'lost')
      const store = createKeyvStore(keyv, { clock: systemClock() })
      const [old, next] = [sampleEntry(systemClock(), { storedAt: 1 }), sampleEntry(systemClock(), {})]
      expect(await store.set(old)).toBe(true)
      const admin = (await adapter.getClient()) as { sendCommand(command: string[]): Promise<unknown> }
      // A proxy that says OK to everything it drops.
      const real = adapter.set.bind(adapter)
      const realDelete = adapter.delete.bind(adapter)
      adapter.set = async () => {}
      adapter.delete = async () => true
      await expect(store.set(next)).rejects.toThrow(/not there/)
      await expect(store.delete(old.key)).rejects.toThrow(/still there/)
      adapter.set = real
      await expect(store.clear()).rejects.toThrow(/still there/)
      adapter.delete = realDelete
      await admin.sendCommand(['CONFIG', 'SET', 'maxmemory', '1'])
      await expect(store.set(next)).rejects.toThrow()
      await admin.sendCommand(['CONFIG', 'SET', 'maxmemory', '0'])
      expect(await store.get(old.key)).toEqual(old)
      expect(await store.set(next)).toBe(true)
      await close(adapter)
    })
  })
})
