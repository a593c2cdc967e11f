/** The connections of a store: the one for commands, given or opened, and those that it opens next to it. */

import type { Clock } from '@llm-cache/core'
import { createClient, type RedisClientOptions, type RedisClientType, type RedisClusterType } from '@redis/client'
import { type ClientInput, classifyClient } from './client.js'
import { pause } from './deadline.js'
import { createLink, type Link } from './link.js'
import type { Outage } from './outage.js'

/** What channels need of a connection. */
export interface PubSub {
  subscribe(channel: string, listener: (message: string) => void): Promise<void>
  unsubscribe(channel: string, listener: (message: string) => void): Promise<void>
}

export interface Connection {
  readonly link: Link
  /** A connection for channels alone, opened at the first call. It never keeps the process alive. */
  pubSub(): PubSub
  /** Runs `work` for each master, one after the other, on connections of their own. */
  eachMaster<T>(work: (client: RedisClientType) => AsyncIterable<T>): AsyncIterable<T>
  /** Ends what the store opened, within a second. Idempotent. */
  close(): Promise<void>
}

/** @throws OptionError on what is no client, URL or options */
export function openConnection(input: unknown, outage: Outage, clock: Clock): Connection {
  const source = classifyClient(input)
  const main = source.kind === 'cluster' ? clusterMain(source.cluster, outage) : nodeMain(source, outage, clock)
  let channels: ReturnType<Main['openPubSub']> | undefined
  let closing: Promise<void> | undefined
  return {
    link: main.link,
    pubSub() {
      if (closing) throw new Error('The Redis store is closed.')
      channels ??= main.openPubSub()
      return channels.pubSub
    },
    async *eachMaster(work) {
      for (const template of await main.masters()) {
        const client = duplicate(template, { reconnectStrategy: false })
        // Whatever it has to say, the commands under way say as well.
        client.on('error', () => {})
        try {
          await client.connect()
          yield* work(client)
        } finally {
          destroy(client)
        }
      }
    },
    close() {
      channels?.close()
      closing ??= main.close()
      return closing
    },
  }
}

interface Main {
  readonly link: Link
  openPubSub(): { readonly pubSub: PubSub; close(): void }
  masters(): Promise<RedisClientType[]>
  close(): Promise<void>
}

function nodeMain(source: Exclude<ClientInput, { kind: 'cluster' }>, outage: Outage, clock: Clock): Main {
  let closed = false
  const own = source.kind === 'options'
  const reconnect = untilClosed(() => closed)
  const client = own ? (createClient(ownOptions(source.options, reconnect)) as RedisClientType) : source.client
  const onError = (): void => outage.failed('commands')
  const onReady = (): void => outage.works('commands')
  client.on('error', onError)
  client.on('ready', onReady)
  let started: Promise<void> | undefined
  let begun = false
  // A client that was given is connected by the first command, if nobody did before: connecting twice is an error.
  function start(): Promise<void> | undefined {
    if (begun) return started
    begun = true
    started = firstAttempt(client, clock).finally(() => {
      started = undefined
    })
    if (!client.isOpen) client.connect().catch(() => {})
    return started
  }
  if (own) start()

  return {
    link: createLink(true, async (_key, command, typeMapping) => {
      if (!client.isReady) await start()
      // A queue for the time without a connection would only hold what nobody waits for any more.
      if (!client.isReady) throw new Error('Redis is not connected.')
      return client.sendCommand(command, { typeMapping })
    }),
    openPubSub() {
      let ended = false
      const reconnectStrategy = untilClosed(() => ended)
      const channels = duplicate(client, { reconnectStrategy })
      channels.unref()
      const onClose = (): void => {
        ended = true
        end(channels)
      }
      return pubSubOf(channels, outage, clock, onClose)
    },
    masters: async () => [client],
    async close() {
      if (!own) {
        client.off('error', onError)
        client.off('ready', onReady)
        return
      }
      closed = true
      if (client.isReady) await Promise.race([client.close().catch(() => {}), pause(clock, CLOSE_MS)])
      end(client)
    },
  }
}

function clusterMain(cluster: RedisClusterType, outage: Outage): Main {
  const onError = (): void => outage.failed('commands')
  const events = ['error', 'node-error'] as const
  for (const event of events) cluster.on(event, onError)
  let started: Promise<unknown> | undefined
  function start(): Promise<unknown> {
    started ??= cluster.isOpen ? Promise.resolve() : cluster.connect().catch(() => {})
    return started
  }
  return {
    link: createLink(false, async (key, command, typeMapping) => {
      await start()
      const reply = await cluster.sendCommand(key, false, command, { typeMapping, timeout: QUEUED_MS })
      outage.works('commands')
      return reply
    }),
    openPubSub() {
      const channels = cluster.duplicate({ minimizeConnections: true }) as unknown as RedisClusterType
      return pubSubOf(channels, outage, undefined, () => destroy(channels))
    },
    async masters() {
      await start()
      return Promise.all(cluster.masters.map(async (node) => (await cluster.nodeClient(node)) as unknown as RedisClientType))
    },
    async close() {
      for (const event of events) cluster.off(event, onError)
    },
  }
}

function pubSubOf(
  client: RedisClientType | RedisClusterType,
  outage: Outage,
  clock: Clock | undefined,
  onClose: () => void,
): { readonly pubSub: PubSub; close(): void } {
  let closed = false
  for (const event of ['error', 'node-error']) client.on(event, () => outage.failed('channels'))
  for (const event of ['ready', 'node-ready']) client.on(event, () => outage.works('channels'))
  const connected = client.connect().then(
    () => {
      if (closed) onClose()
    },
    () => {},
  )
  // Half-open connections of silent channels are found only by asking.
  let cancel: (() => void) | undefined
  const ping = (): void => {
    cancel = clock?.schedule(PING_MS, () => {
      if (client.isOpen && 'isReady' in client && client.isReady) (client as RedisClientType).ping().catch(() => {})
      ping()
    })
  }
  ping()
  return {
    pubSub: {
      subscribe: async (channel, listener) => {
        await connected
        await client.subscribe(channel, listener)
      },
      unsubscribe: async (channel, listener) => client.unsubscribe(channel, listener),
    },
    close() {
      if (closed) return
      closed = true
      cancel?.()
      onClose()
    },
  }
}

/** Settles when the connection is ready or has failed for the first time, or after `START_MS`. */
function firstAttempt(client: RedisClientType, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      cancel()
      client.off('ready', settle)
      client.off('error', settle)
      resolve()
    }
    const cancel = clock.schedule(START_MS, settle)
    client.on('ready', settle)
    client.on('error', settle)
  })
}

function ownOptions(options: RedisClientOptions, reconnectStrategy: Reconnect): RedisClientOptions {
  return {
    ...options,
    disableOfflineQueue: true,
    pingInterval: options.pingInterval ?? PING_MS,
    socket: socketOptions(options.socket, reconnectStrategy),
  }
}

type Reconnect = false | ((retries: number) => number | false)

function duplicate(client: RedisClientType, own: { readonly reconnectStrategy: Reconnect }): RedisClientType {
  const { clientSideCache: _shared, emitInvalidate: _invalidate, pingInterval: _ping, ...options } = client.options as RedisClientOptions
  return createClient({ ...options, socket: socketOptions(options.socket, own.reconnectStrategy) }) as RedisClientType
}

function socketOptions(socket: RedisClientOptions['socket'], reconnect: Reconnect): NonNullable<RedisClientOptions['socket']> {
  // A silent connection is a frozen server: it is given up in time, and a new one is tried.
  return { connectTimeout: CONNECT_MS, ...socket, socketTimeout: SILENT_MS, reconnectStrategy: reconnect } as NonNullable<
    RedisClientOptions['socket']
  >
}

/** Tries again after 50 ms, and twice as long each time, up to 0.6 s; a closed one never. */
function untilClosed(closed: () => boolean): Reconnect {
  return (retries) => (closed() ? false : Math.min(50 * 2 ** retries, 500) + Math.floor(Math.random() * 100))
}

/** Ends `client`. One that is still connecting cannot be stopped: it goes as soon as it is connected, and holds up nobody. */
function end(client: RedisClientType): void {
  if (client.isReady || !client.isOpen) destroy(client)
  else {
    client.unref()
    client.once('ready', () => destroy(client))
  }
}

function destroy(client: RedisClientType | RedisClusterType): void {
  try {
    client.destroy()
  } catch {
    // It is closed already.
  }
}

const CONNECT_MS = 2000
const START_MS = 5000
const PING_MS = 5000
const SILENT_MS = 15_000
const QUEUED_MS = 5000
const CLOSE_MS = 1000
