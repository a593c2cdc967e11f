/** Connections whose answers are replaced or changed on their way: nothing wrong is believed, and what comes after is not lost. */

import type { BusMessage, Entry, FlightLease } from '@llm-cache/core'
import { createFaultProxy, type FaultMode, sampleEntry } from '@llm-cache/core/testing'
import { createRedisStore, type RedisStore } from '@llm-cache/redis'
import { createClient } from 'redis'
import { afterAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../../packages/core/src/lib/clock.js'
import { guardStore } from '../../../packages/core/src/stores/guarded.js'
import { serverVersions, startServer } from '../../support/redis-versions.js'
import { bytes, follow, lead, plain, until, wait } from './support.js'

const SEEDS = process.env.CI ? [1, 2, 3] : [1]
const GARBLED_MS = 1000
const MODES: readonly FaultMode[] = [
  { kind: 'garbage', how: 'random' },
  { kind: 'garbage', how: 'flip' },
  { kind: 'garbage', how: 'flip', share: 0.001 },
]
const KEYS = Array.from({ length: 20 }, (_, at) => `lc1.p.${at}`)
const clock = { now: Date.now }

const [version] = serverVersions()
describe.skipIf(!version)('garbled answers', async () => {
  const server = await startServer(version?.command ?? 'redis-server')
  afterAll(() => server.stop())

  /** A store behind a proxy, one that is not, and entries that are there. */
  async function scene(seed: number, given: boolean) {
    const namespace = `garbage${seed}${Math.random().toString(36).slice(2)}`
    const proxy = await createFaultProxy({ target: { host: '127.0.0.1', port: server.port }, seed })
    const url = `redis://127.0.0.1:${proxy.port}`
    const client = given ? createClient({ url }) : undefined
    client?.on('error', () => {})
    const options = { namespace, leaseMs: 600, boundMs: 60_000 }
    const store = createRedisStore(client ?? url, options)
    const truth = createRedisStore(server.url, options)
    await truth.setMany(KEYS.map((key) => sampleEntry(clock, { key })))
    await truth.sharing.counters.add({ hits: 7, misses: 11 })
    const heard: (BusMessage | { readonly kind: 'lost' })[] = []
    store.sharing.bus.subscribe((message) => heard.push(message))
    await until(async () => ((await server.ask('PUBSUB', 'NUMSUB', `${namespace}:bus`)) as unknown[])[1] === 1)
    const close = async (): Promise<void> => {
      await Promise.all([store.close(), truth.close()])
      client?.destroy()
      await proxy.close()
    }
    return { proxy, store, truth, heard, close }
  }

  describe.each(SEEDS)('seed %i', (seed) => {
    it.each(
      MODES.flatMap((mode) => [
        { mode, given: false, name: `${JSON.stringify(mode)}, a URL` },
        { mode, given: true, name: `${JSON.stringify(mode)}, a client` },
      ]),
    )('$name: nothing wrong is believed, and the store is back', async ({ mode, given }) => {
      const { proxy, store, truth, heard, close } = await scene(seed, given)
      const guard = guardStore(store, { clock: systemClock() })
      await proxy.set(mode)
      const over = Date.now() + GARBLED_MS
      const said: string[] = []
      const wrong: unknown[] = []
      let round = 0
      while (Date.now() < over) {
        round += 1
        const key = `new${round}`
        await soon(
          Promise.all([
            ...KEYS.map((name) => guard.get(name)).map(async (found, at) => {
              const got = await found
              if (got.kind === 'found' && got.entry.key !== KEYS[at]) wrong.push(got)
            }),
            ...checksOf(store, truth, key).map((check) =>
              check.then(
                (problem) => problem !== undefined && wrong.push(problem),
                () => {},
              ),
            ),
          ]),
        )
        const message: BusMessage = { kind: 'changed', key: `said${round}` }
        said.push(message.key)
        await truth.sharing.bus.publish(message)
      }
      await proxy.set({ kind: 'pass' })
      const again = KEYS[7] as string
      await until(async () => (await guard.get(again)).kind === 'found')
      expect(wrong).toEqual([])
      expect(await store.set(sampleEntry(clock, { key: 'after' }))).toBe(true)
      expect((await store.getMany(KEYS)).map((entry) => entry?.key)).toEqual(KEYS)
      expect(await store.sharing.counters.read()).toEqual({ hits: 7, misses: 11 })
      const listed: string[] = []
      for await (const name of store.keys('lc1.')) listed.push(name)
      expect(listed.sort()).toEqual([...KEYS].sort())
      // Pushes arrive again.
      await until(async () => {
        await truth.sharing.bus.publish({ kind: 'changed', key: 'last' })
        await wait(20)
        return heard.some((message) => message.kind === 'changed' && message.key === 'last')
      })
      for (const message of heard) if (message.kind === 'changed') expect([...said, 'last']).toContain(message.key)
      // A push that was garbled may be found out only now: then the connection is made anew once more.
      const led: FlightLease[] = []
      await until(
        async () =>
          led.push(
            ...(await lead(store, 'led').then(
              (lease) => [lease],
              () => [],
            )),
          ) > 0,
      )
      const lease = led[0] as FlightLease
      const flight = await follow(truth, 'led')
      lease.head({ id: 'x', status: 200, headers: [] })
      lease.write(bytes('text'))
      lease.end()
      expect([plain(await flight.next()), plain(await flight.next()), plain(await flight.next())]).toEqual([
        { id: 'x', status: 200, headers: [] },
        'text',
        'end',
      ])
      expect(lease.held).toBe(true)
      await lease.close()

      await guard.close()
      await close()
    })
  })
})

/** What is done under `key`; each resolves with what is wrong about its answer. */
function checksOf(store: RedisStore, truth: RedisStore, key: string): readonly Promise<unknown>[] {
  const entry: Entry = sampleEntry(clock, { key })
  const gone = `gone${key}`
  return [
    store.set(entry).then(async (stored) => (stored && (await truth.get(key)) ? undefined : `said to be stored: ${stored}`)),
    store.delete(gone).then((removed) => (removed ? 'deleted what was not there' : undefined)),
    store.getMany(KEYS).then((found) => found.find((one, at) => one && one.key !== KEYS[at])),
    store.sharing.counters.read().then((sums) => (sums.hits === 7 && sums.misses === 11 ? undefined : sums)),
    store.sharing.flights.join(`led${key}`).then(async (joining) => {
      if (joining.kind !== 'lead') return 'somebody leads'
      const { lease } = joining
      const fenced = await truth.set(sampleEntry(clock, { key: `led${key}` }), { token: lease.token })
      await lease.close()
      return fenced ? undefined : 'a lead that nobody gave'
    }),
    listed(store).then((keys) => (KEYS.every((name) => keys.includes(name)) ? undefined : 'keys are missing')),
  ]
}

async function listed(store: RedisStore): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const key of store.keys('lc1.')) keys.push(key)
  return keys
}

/** As long as a cache would wait. */
function soon(work: Promise<unknown>): Promise<unknown> {
  return Promise.race([work, wait(100)])
}
