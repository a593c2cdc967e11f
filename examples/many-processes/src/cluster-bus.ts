/**
 * Keeps the workers' memories in agreement where the shared store has no way to: a worker tells the primary, the primary tells
 * the others. Without it a worker would go on answering from its memory what another has erased from the file.
 */

import cluster from 'node:cluster'
import type { BusMessage, InvalidationBus } from '@llm-cache/core'

/** Without a message it only asks for an answer, which comes after everything that was passed on before. */
type ToPrimary = { readonly kind: 'bus-publish'; readonly id: number; readonly message?: BusMessage }
type ToWorker = { readonly kind: 'bus-message'; readonly message: BusMessage } | { readonly kind: 'bus-published'; readonly id: number }

/** The bus of a worker. A message is published once the primary has passed it on. */
export function createClusterBus(): InvalidationBus {
  const waiting = new Map<number, () => void>()
  let listener: ((message: BusMessage) => void) | undefined
  let last = 0

  process.on('message', (received) => {
    if (!isOurs<ToWorker>(received)) return
    if (received.kind === 'bus-message') return listener?.(received.message)
    waiting.get(received.id)?.()
    waiting.delete(received.id)
  })

  function tell(message?: BusMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      if (waiting.size >= MOST_WAITING) return reject(new Error('The primary does not answer'))
      const id = ++last
      waiting.set(id, resolve)
      const wire: ToPrimary = { kind: 'bus-publish', id, ...(message && { message }) }
      process.send?.(wire, undefined, undefined, (error) => {
        if (!error) return
        waiting.delete(id)
        reject(error)
      })
    })
  }

  return {
    // No message is lost on its way: when the channel breaks, the worker ends.
    boundMs: 1000,
    publish: tell,
    caughtUp: () => tell(),
    subscribe(heard) {
      if (listener) throw new Error('This bus has a listener already')
      listener = heard
    },
  }
}

/** The primary's part: passes on what workers publish. */
export function relayBus(): void {
  cluster.on('message', (sender, received: unknown) => {
    if (!isOurs<ToPrimary>(received) || received.kind !== 'bus-publish') return
    const { id, message } = received
    const others = Object.values(cluster.workers ?? {}).filter((worker) => worker !== sender)
    if (message) for (const worker of others) worker?.send({ kind: 'bus-message', message } satisfies ToWorker, ignore)
    sender.send({ kind: 'bus-published', id } satisfies ToWorker, ignore)
  })
}

const MOST_WAITING = 10_000

/** A worker that is gone has no memory to agree with. */
function ignore(): void {}

function isOurs<T extends { readonly kind: string }>(received: unknown): received is T {
  return typeof received === 'object' && received !== null && String((received as { kind?: unknown }).kind).startsWith('bus-')
}
