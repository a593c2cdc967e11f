/** A TCP proxy on loopback that does to connections what networks and servers do on bad days. */

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { systemClock } from '../lib/clock.js'
import type { Clock } from '../ports.js'
import { createFaultConnection, type FaultConnection, type FaultMode } from './fault-connection.js'
import { createRandom } from './model-server/random.js'

export type { FaultMode } from './fault-connection.js'

export interface FaultProxyOptions {
  /** Where connections go. It need not be there yet: clients are reset until it is. */
  readonly target: { readonly host: string; readonly port: number }
  /** Seed of the garbage: with equal connections and bytes it is the same each time. @default 1 */
  readonly seed?: number
  /** Time source of delays and flapping. @default the system's */
  readonly clock?: Clock
}

export interface FaultProxy {
  /** Always 127.0.0.1. */
  readonly host: string
  readonly port: number
  readonly mode: FaultMode
  /** Connections accepted so far, those reset at once included. */
  readonly connections: number
  /** Connections open now. */
  readonly open: number
  /** Bytes received from clients, and from the target. */
  readonly bytes: { readonly fromClients: number; readonly fromTarget: number }
  /** Changes the mode at run time. Resolves once it is in force; rejects when the port was taken meanwhile. */
  set(mode: FaultMode): Promise<void>
  /** Stops listening and resets all connections. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts a proxy in mode `pass`, on a free port.
 *
 * @throws RangeError from `set` for a delay, rate, period or share that makes no sense
 * @example
 * const proxy = await createFaultProxy({ target: { host: '127.0.0.1', port: 6379 } })
 * const keyv = new Keyv(new KeyvRedis(`redis://${proxy.host}:${proxy.port}`))
 * await proxy.set({ kind: 'latency', ms: 500 })
 */
export async function createFaultProxy({ target, seed = 1, clock = systemClock() }: FaultProxyOptions): Promise<FaultProxy> {
  const host = '127.0.0.1'
  const open = new Map<Socket, FaultConnection>()
  const bytes = { fromClients: 0, fromTarget: 0 }
  let mode: FaultMode = { kind: 'pass' }
  let connections = 0
  let cutting = false
  let stopFlapping: (() => void) | undefined
  let server: Server | undefined
  let closing: Promise<void> | undefined

  function accept(client: Socket): void {
    const index = connections++
    if (cutting || mode.kind === 'refuse' || closing) return void client.resetAndDestroy()
    client.setNoDelay(true)
    const upstream = connect({ ...target, allowHalfOpen: true, noDelay: true })
    const connection = createFaultConnection({
      client,
      target: upstream,
      mode,
      clock,
      random: createRandom(seed + Math.imul(index, 0x9e3779b1)),
      count: (size, from) => {
        bytes[from === 'client' ? 'fromClients' : 'fromTarget'] += size
      },
    })
    open.set(client, connection)
    client.on('close', () => {
      open.delete(client)
      connection.reset()
    })
  }

  function resetAll(): void {
    const all = [...open.values()]
    open.clear()
    for (const connection of all) connection.reset()
  }

  function flap(periodMs: number): void {
    stopFlapping = clock.schedule(periodMs, () => {
      cutting = !cutting
      if (cutting) resetAll()
      flap(periodMs)
    })
  }

  function stopListening(): Promise<void> {
    const stopping = server
    server = undefined
    resetAll()
    return new Promise((resolve) => (stopping ? stopping.close(() => resolve()) : resolve()))
  }

  server = await listen(accept, 0, host)
  const { port } = server.address() as AddressInfo

  return {
    host,
    port,
    get mode() {
      return mode
    },
    get connections() {
      return connections
    },
    get open() {
      return open.size
    },
    get bytes() {
      return { ...bytes }
    },
    async set(next) {
      check(next)
      if (closing) return
      stopFlapping?.()
      cutting = false
      mode = next
      if (mode.kind === 'refuse') return stopListening()
      if (mode.kind === 'flap') flap(mode.periodMs)
      for (const connection of [...open.values()]) connection.apply(mode)
      server ??= await listen(accept, port, host)
    },
    close() {
      stopFlapping?.()
      closing ??= stopListening()
      return closing
    },
  }
}

function listen(accept: (client: Socket) => void, port: number, host: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, accept)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}

function check(mode: FaultMode): void {
  const numbers = Object.entries(mode).filter(([, value]) => typeof value === 'number')
  for (const [name, value] of numbers) {
    if (!(value > 0 && Number.isFinite(value)) || (name === 'share' && value > 1)) {
      throw new RangeError(`The fault proxy's ${name} cannot be ${value} in mode ${mode.kind}.`)
    }
  }
}
