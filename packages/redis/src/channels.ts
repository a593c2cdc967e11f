/** The connection for channels. It renews itself, and subscribes again to what it was subscribed to. */

import type { Clock } from '@llm-cache/core'
import { ErrorReply, type RedisClientType, type RedisClusterType } from '@redis/client'
import { createLine, destroy } from './line.js'
import type { Outage } from './outage.js'
import { startCluster } from './start.js'

/** What channels need of a connection. */
export interface PubSub {
  /** Resolves once messages arrive. */
  subscribe(channel: string, listener: (message: string) => void): Promise<void>
  unsubscribe(channel: string, listener: (message: string) => void): Promise<void>
  /** A message makes no sense: asks whether the connection still does. */
  check(): void
}

export interface ChannelLine {
  readonly pubSub: PubSub
  close(): void
}

interface Subscription {
  readonly listener: (message: string) => void
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export function openChannels(create: () => RedisClientType, outage: Outage, clock: Clock): ChannelLine {
  const wanted = new Map<string, Subscription>()

  function subscribe(channel: string, subscription: Subscription): void {
    const { up } = line
    if (!up) return
    up.watch.track(up.client.subscribe(channel, subscription.listener)).then(subscription.resolve, (error) => {
      // Anything else is the connection's fault, and the next one will do.
      if (!(error instanceof ErrorReply)) return
      wanted.delete(channel)
      subscription.reject(error)
    })
  }

  const line = createLine({
    create() {
      const client = create()
      client.unref()
      return client
    },
    clock,
    onUp() {
      outage.works('channels')
      for (const [channel, subscription] of wanted) subscribe(channel, subscription)
    },
    onDown: () => outage.failed('channels'),
  })
  return {
    pubSub: {
      subscribe: (channel, listener) =>
        new Promise((resolve, reject) => {
          const subscription = { listener, resolve, reject }
          wanted.set(channel, subscription)
          subscribe(channel, subscription)
        }),
      async unsubscribe(channel, listener) {
        wanted.delete(channel)
        const { up } = line
        if (up) await up.watch.track(up.client.unsubscribe(channel, listener))
      },
      check: () => void line.up?.watch.check(),
    },
    close: () => void line.close(),
  }
}

export function clusterChannels(cluster: RedisClusterType, outage: Outage, clock: Clock): ChannelLine {
  let closed = false
  for (const event of ['error', 'node-error']) cluster.on(event, () => outage.failed('channels'))
  cluster.on('node-ready', () => outage.works('channels'))
  const start = startCluster(cluster, clock)
  return {
    pubSub: {
      async subscribe(channel, listener) {
        await start.ready(0)
        await cluster.subscribe(channel, listener)
      },
      async unsubscribe(channel, listener) {
        await cluster.unsubscribe(channel, listener as (message: string | Buffer) => void)
      },
      check: () => {},
    },
    close() {
      if (closed) return
      closed = true
      destroy(cluster)
      void start.close().then(() => destroy(cluster))
    },
  }
}
