/** Who listens to which channel: one subscription a channel, however many listeners. */

import type { PubSub } from './channels.js'

export interface Subscriber {
  /** `onReady` is called once messages arrive; never, if they cannot. */
  listen(channel: string, listener: (message: string) => void, onReady: () => void): () => void
  /** Tries again where subscribing failed. */
  refresh(): void
  /** A message made no sense. */
  check(): void
}

interface Channel {
  readonly listeners: Set<(message: string) => void>
  readonly receive: (message: string) => void
  /** Subscribing and unsubscribing, one after the other: node-redis mixes them up where they overlap. */
  work: Promise<unknown>
  subscribed: boolean
}

/** @param open opens the connection for channels; called when the first one is wanted */
export function createSubscriber(open: () => PubSub): Subscriber {
  const channels = new Map<string, Channel>()

  function channelOf(name: string): Channel {
    const known = channels.get(name)
    if (known) return known
    const listeners = new Set<(message: string) => void>()
    const channel: Channel = {
      listeners,
      receive: (message) => {
        for (const listener of listeners) listener(message)
      },
      work: Promise.resolve(),
      subscribed: false,
    }
    channels.set(name, channel)
    return channel
  }

  function adjust(name: string, channel: Channel): Promise<unknown> {
    channel.work = channel.work
      .then(async () => {
        const wanted = channel.listeners.size > 0
        if (wanted === channel.subscribed) return
        if (wanted) await open().subscribe(name, channel.receive)
        else await open().unsubscribe(name, channel.receive)
        channel.subscribed = wanted
      })
      .catch(() => {})
      .finally(() => {
        if (channel.listeners.size === 0 && !channel.subscribed) channels.delete(name)
      })
    return channel.work
  }

  return {
    listen(name, listener, onReady) {
      // They have been waiting for a connection that does not come: this one looks without being told.
      if (channels.size >= MAX_CHANNELS && !channels.has(name)) return () => {}
      const channel = channelOf(name)
      channel.listeners.add(listener)
      adjust(name, channel).then(() => {
        if (channel.subscribed && channel.listeners.has(listener)) onReady()
      })
      return () => {
        if (channel.listeners.delete(listener)) adjust(name, channel)
      }
    },
    check() {
      if (channels.size > 0) open().check()
    },
    refresh() {
      for (const [name, channel] of channels) if (channel.listeners.size > 0 && !channel.subscribed) adjust(name, channel)
    },
  }
}

/** Channels listened to at once, and those that still wait to be. */
const MAX_CHANNELS = 4096
