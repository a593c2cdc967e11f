/** The connections of a store: the one for commands, given or opened, and those that it opens next to it. */

import type { Clock } from '@llm-cache/core'
import { createClient, type RedisClientOptions, type RedisClientType, type RedisClusterType } from '@redis/client'
import { type ChannelLine, clusterChannels, openChannels, type PubSub } from './channels.js'
import { classifyClient } from './client.js'
import { within } from './deadline.js'
import { createLine, destroy, isParserError, type Line } from './line.js'
import { type Carrier, createLink, type Link } from './link.js'
import type { Outage } from './outage.js'
import { createWaitingRoom, OFFLINE, startCluster } from './start.js'
import { createPatience, type Watch, watchAnswers } from './watch.js'

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
  const main =
    source.kind === 'cluster'
      ? clusterMain(source.cluster, outage, clock)
      : source.kind === 'node'
        ? givenMain(source.client, outage, clock)
        : ownMain(source.options, outage, clock)
  let channels: ChannelLine | undefined
  let closing: Promise<void> | undefined
  return {
    link: main.link,
    pubSub() {
      if (closing) throw new Error('The Redis store is closed.')
      channels ??= main.openChannels()
      return channels.pubSub
    },
    async *eachMaster(work) {
      for (const options of await main.masters()) {
        const client = renewable(options)
        // Whatever it has to say, the commands under way say as well.
        client.on('error', () => destroy(client))
        try {
          await within(clock, START_MS, client.connect())
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
  openChannels(): ChannelLine
  /** How to connect to each. */
  masters(): Promise<readonly RedisClientOptions[]>
  close(): Promise<void>
}

/** A connection of the store's own, which renews itself. */
function ownMain(options: RedisClientOptions, outage: Outage, clock: Clock): Main {
  const line = commandLine(options, outage, clock)
  return {
    link: createLink(true, line),
    openChannels: () => openChannels(() => renewable(options), outage, clock),
    masters: async () => [options],
    close: line.close,
  }
}

/**
 * A client that was given is its owner's, and not to be disconnected. While it cannot be trusted, until it connects anew or answers
 * what it is asked, a connection of the store's own with the same options takes its place.
 */
function givenMain(client: RedisClientType, outage: Outage, clock: Clock): Main {
  const patience = createPatience(clock)
  let watch = newWatch()
  /** Takes the client's place. */
  const wait = createWaitingRoom(clock)
  let stand: CommandLine | undefined
  let cancelAsking: (() => void) | undefined
  let closed = false
  let started: Promise<void> | undefined

  function newWatch(): Watch {
    const made = watchAnswers({
      clock,
      patience,
      ping: (nonce) => client.sendCommand(['PING', nonce], { typeMapping: {} }),
      onComplaint: () => made === watch && replace(),
    })
    return made
  }

  function replace(): void {
    watch.stop()
    if (closed || stand) return
    stand = commandLine(client.options as RedisClientOptions, outage, clock)
    askAgain()
  }

  /** It may merely have been slow. One question at a time: what is never answered must not pile up. */
  function askAgain(): void {
    cancelAsking?.()
    cancelAsking = clock.schedule(ASK_AGAIN_MS, async () => {
      const line = stand
      const works = client.isReady && (await newWatch().check())
      if (closed || !stand || stand !== line) return
      if (works) trust()
      else askAgain()
    })
  }

  function trust(): void {
    cancelAsking?.()
    watch.stop()
    watch = newWatch()
    watch.start()
    void stand?.close()
    stand = undefined
    outage.works('commands')
  }

  function distrust(): void {
    patience.garbled()
    replace()
  }

  function onError(error: unknown): void {
    if (client.isReady && isParserError(error)) distrust()
    else outage.failed('commands')
  }

  // Connected by the first command, if nobody did before: connecting twice is an error.
  function start(): Promise<void> {
    started ??= firstAttempt(client, clock)
    if (!client.isOpen) client.connect().catch(() => {})
    return started
  }

  client.on('error', onError)
  client.on('ready', trust)
  if (client.isReady) watch.start()

  return {
    link: createLink(true, {
      async send(_key, command, typeMapping) {
        if (!client.isReady && !stand) await wait(start(), bytesOf(command))
        if (stand) return stand.send(_key, command, typeMapping)
        // A queue for the time without a connection would only hold what nobody waits for any more.
        if (!client.isReady) throw new Error(OFFLINE)
        return watch.track(client.sendCommand(command, { typeMapping }), bytesOf(command))
      },
      distrust: () => (stand ? stand.distrust() : distrust()),
      check: async () => (stand ? stand.check() : watch.check()),
    }),
    openChannels: () => openChannels(() => renewable(client.options as RedisClientOptions), outage, clock),
    masters: async () => [client.options as RedisClientOptions],
    async close() {
      closed = true
      cancelAsking?.()
      watch.stop()
      client.off('error', onError)
      client.off('ready', trust)
      await stand?.close()
    },
  }
}

/** Its nodes are its own: what is garbled is refused, and their connections go by the options that it was made with. */
function clusterMain(cluster: RedisClusterType, outage: Outage, clock: Clock): Main {
  const onError = (): void => outage.failed('commands')
  const events = ['error', 'node-error'] as const
  for (const event of events) cluster.on(event, onError)
  const start = startCluster(cluster, clock)
  return {
    link: createLink(false, {
      async send(key, command, typeMapping) {
        await start.ready(bytesOf(command))
        const reply = await cluster.sendCommand(key, false, command, { typeMapping, timeout: QUEUED_MS })
        outage.works('commands')
        return reply
      },
      distrust: onError,
      check: async () => true,
    }),
    openChannels: () => clusterChannels(cluster.duplicate({ minimizeConnections: true }) as unknown as RedisClusterType, outage, clock),
    async masters() {
      await start.ready(0)
      const clients = await Promise.all(cluster.masters.map(async (node) => cluster.nodeClient(node)))
      return clients.map((client) => (client as unknown as RedisClientType).options as RedisClientOptions)
    },
    async close() {
      // An attempt that fails says so, and a complaint that nobody hears ends the process.
      void start.close().then(() => {
        for (const event of events) cluster.off(event, onError)
      })
    },
  }
}

interface CommandLine extends Carrier {
  close(): Promise<void>
}

function commandLine(options: RedisClientOptions, outage: Outage, clock: Clock): CommandLine {
  const wait = createWaitingRoom(clock)
  let settle: (() => void) | undefined
  /** Until the first attempt has ended, one way or the other. */
  let first: Promise<void> | undefined = new Promise((resolve) => {
    settle = () => {
      first = undefined
      resolve()
    }
  })
  const line: Line = createLine({
    create: () => renewable(options),
    clock,
    onUp: () => {
      outage.works('commands')
      settle?.()
    },
    onDown: () => {
      outage.failed('commands')
      settle?.()
    },
  })
  return {
    async send(_key, command, typeMapping) {
      if (first) await wait(first, bytesOf(command))
      const { up } = line
      // A queue for the time without a connection would only hold what nobody waits for any more.
      if (!up) throw new Error(OFFLINE)
      return up.watch.track(up.client.sendCommand(command, { typeMapping }), bytesOf(command))
    },
    distrust: line.distrust,
    check: async () => (await line.up?.watch.check()) ?? false,
    close: line.close,
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

/** A client with these options that is destroyed on its first error, and so has nothing to wait for. */
function renewable(options: RedisClientOptions): RedisClientType {
  const { clientSideCache: _shared, emitInvalidate: _invalidate, pingInterval: _ping, ...rest } = options
  const socket = { connectTimeout: CONNECT_MS, ...options.socket, socketTimeout: SILENT_MS, reconnectStrategy: () => 1 }
  return createClient({
    ...rest,
    disableOfflineQueue: true,
    socket: socket as NonNullable<RedisClientOptions['socket']>,
  }) as RedisClientType
}

function bytesOf(command: readonly (string | Buffer)[]): number {
  return command.reduce((total, argument) => total + argument.length, 0)
}

const CONNECT_MS = 2000
const START_MS = 5000
const ASK_AGAIN_MS = 1000
/** A last resort: unanswered checks end a connection much earlier. */
const SILENT_MS = 15_000
const QUEUED_MS = 5000
