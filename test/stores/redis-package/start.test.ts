import { sampleEntry } from '@llm-cache/core/testing'
import { createRedisStore } from '@llm-cache/redis'
import { createClient } from 'redis'
import { describe, expect, it } from 'vitest'
import { serverVersions, startServer } from '../../support/redis-versions.js'
import { SLACK_MS, until, wait } from './support.js'

const [version] = serverVersions()
const clock = { now: Date.now }

describe.skipIf(!version).each(['a URL', 'a client'])('a server that is frozen from the start, reached by %s', (how) => {
  it('makes few commands wait, none for long, and is used once it goes on', async () => {
    const server = await startServer(version?.command ?? '')
    server.pause()
    const client = createClient({ url: server.url })
    client.on('error', () => {})
    const store = createRedisStore(how === 'a URL' ? server.url : client)
    const entry = sampleEntry(clock, { key: 'lc1.p.k', body: new Uint8Array(200_000) })
    let rejected = 0
    const asked = Array.from({ length: 300 }, () =>
      store.set(entry).catch(() => {
        rejected += 1
      }),
    )
    await wait(100)
    // Only 16 MiB of them wait.
    expect(rejected).toBeGreaterThan(200)
    const at = performance.now()
    await Promise.all(asked)
    expect(rejected).toBe(300)
    expect(performance.now() - at).toBeLessThan(5000 + 5 * SLACK_MS)
    server.resume()
    await until(async () => store.set(entry).catch(() => false))
    await store.close()
    if (client.isOpen) client.destroy()
    await server.stop()
  })
})
