import { createRedisStore } from '@llm-cache/redis'
import { createClient } from 'redis'
import { afterAll, describe, it } from 'vitest'
import { storeContract } from '../../../packages/core/src/testing/store-contract.js'
import { serverVersions, startServer } from '../../support/redis-versions.js'

for (const { name, command } of serverVersions()) {
  const server = await startServer(command)
  const client = await createClient({ url: server.url }).connect()
  const resp3 = await createClient({ url: server.url, RESP: 3 }).connect()
  afterAll(async () => {
    client.destroy()
    resp3.destroy()
    await server.stop()
  })

  describe(name, () => {
    let made = 0
    const openings = {
      'a URL': () => server.url,
      'a client': () => client,
      'a client of RESP 3': () => resp3,
    } as const
    for (const [what, open] of Object.entries(openings)) {
      storeContract({ describe, it }, `redis, from ${what}`, async ({ clock }) => {
        made += 1
        const namespace = `t${made}*[`
        const at = (key: string): string => `${namespace}:{${key}}`
        return {
          store: createRedisStore(open(), { namespace, clock }),
          raw: {
            // latin1, byte for byte: frames are not text.
            read: async (key) => (await client.sendCommand<Buffer>(['GET', at(key)], { typeMapping: { 36: Buffer } })).toString('latin1'),
            write: (key, value) => client.sendCommand(['SET', at(key), Buffer.from(raw(value), 'latin1')]),
          },
          foreign: {
            plant: async () =>
              void (await client.mSet([`t${made}:{theirs}`, 'x', `${namespace}x:{theirs}`, 'x', `t${made}x[:{theirs}`, 'x'])),
            isThere: async () => (await client.exists([`t${made}:{theirs}`, `${namespace}x:{theirs}`, `t${made}x[:{theirs}`])) === 3,
          },
        }
      })
    }
  })
}

function raw(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
