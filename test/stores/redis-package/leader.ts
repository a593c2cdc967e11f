/** A process that leads a flight: `leader.cjs <url> <namespace> <lease ms>`. Says what happens to it on lines of its own. */

import { sampleEntry } from '@llm-cache/core/testing'
import { createRedisStore } from '@llm-cache/redis'

async function main(url: string, namespace: string, leaseMs: number): Promise<void> {
  const store = createRedisStore(url, { namespace, leaseMs })
  const joining = await store.sharing.flights.join('k')
  if (joining.kind !== 'lead') throw new Error('somebody else leads')
  const { lease } = joining
  console.log('leads')
  lease.head({ id: 'x', status: 200, headers: [] })
  let count = 0
  let before = performance.now()
  const timer = setInterval(async () => {
    const froze = performance.now() - before > leaseMs
    before = performance.now()
    if (!froze) return lease.write(new TextEncoder().encode(`${count++}`))
    clearInterval(timer)
    console.log(`held ${lease.held}`)
    lease.write(new TextEncoder().encode('late'))
    lease.end()
    console.log(`stored ${await store.set(sampleEntry({ now: Date.now }, { key: 'k', id: 'late' }), lease)}`)
    await lease.close()
    await store.close()
  }, 20)
}

void main(process.argv[2] as string, process.argv[3] as string, Number(process.argv[4]))
