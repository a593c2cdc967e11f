/** Stores on one server that know nothing of each other: as many processes. */

import type { FlightLease, RemoteFlight, RemoteStep, StoreEvent } from '@llm-cache/core'
import { createRedisStore, type RedisStore, type RedisStoreOptions } from '@llm-cache/redis'
import { afterAll, afterEach, describe } from 'vitest'
import { type RunningServer, serversForLongTests, startServer } from '../../support/redis-versions.js'

export interface Bench {
  readonly server: RunningServer
  /** A namespace that nobody else uses. */
  namespace(): string
  /** A store with connections of its own; closed after the test. */
  open(namespace: string, options?: RedisStoreOptions): RedisStore & { readonly events: readonly StoreEvent[] }
}

/** Declares `body` once for each version of the server; each gets a server of its own. */
export async function onEachServer(name: string, body: (bench: Bench) => void): Promise<void> {
  for (const version of serversForLongTests()) {
    const server = await startServer(version.command, { 'enable-debug-command': 'yes' })
    const stores: RedisStore[] = []
    let made = 0
    describe(`${name} on ${version.name}`, () => {
      afterEach(async () => {
        await Promise.all(stores.splice(0).map((store) => store.close()))
      })
      afterAll(() => server.stop())
      body({
        server,
        namespace: () => `ns${++made}`,
        open(namespace, options = {}) {
          const store = createRedisStore(server.url, { namespace, ...options })
          const events: StoreEvent[] = []
          store.listen((event) => events.push(event))
          stores.push(store)
          return Object.assign(store, { events })
        },
      })
    })
  }
}

/** `size` masters that share the slots; no replicas. */
export async function startCluster(
  command: string,
  size: number,
  more: Readonly<Record<string, string>> = {},
): Promise<readonly RunningServer[]> {
  const settings = { 'cluster-enabled': 'yes', 'cluster-node-timeout': '5000', ...more }
  const nodes = await Promise.all(Array.from({ length: size }, () => startServer(command, settings)))
  const share = 16384 / size
  for (const [at, node] of nodes.entries()) {
    await node.ask('CLUSTER', 'ADDSLOTSRANGE', `${Math.floor(at * share)}`, `${Math.floor((at + 1) * share) - 1}`)
    if (at > 0) await node.ask('CLUSTER', 'MEET', '127.0.0.1', `${nodes[0]?.port}`)
  }
  for (const node of nodes) {
    await until(async () => {
      const info = String(await node.ask('CLUSTER', 'INFO'))
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${size}`)
    }, 20_000)
  }
  return nodes
}

export async function lead(store: RedisStore, key: string): Promise<FlightLease> {
  const joining = await store.sharing.flights.join(key)
  if (joining.kind !== 'lead') throw new Error('somebody else leads')
  return joining.lease
}

export async function follow(store: RedisStore, key: string): Promise<RemoteFlight> {
  const joining = await store.sharing.flights.join(key)
  if (joining.kind !== 'follow') throw new Error('nobody leads')
  return joining.flight
}

/** All steps to the last one; chunks as text. */
export async function readAll(flight: RemoteFlight): Promise<readonly unknown[]> {
  const steps: unknown[] = []
  for (;;) {
    const step = await flight.next()
    steps.push(plain(step))
    if (!['head', 'chunk'].includes(step.kind)) return steps
  }
}

export function plain(step: RemoteStep): unknown {
  if (step.kind === 'chunk') return Buffer.from(step.bytes).toString()
  return step.kind === 'head' ? step.head : step.kind
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What a busy machine may add to a bound, in ms. */
export const SLACK_MS = 2000

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Until `check` holds; an error after `ms`, which is for ever. */
export async function until(check: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await check())) {
    if (Date.now() > end) throw new Error('It did not happen in time.')
    await wait(5)
  }
}
