/** The time before the first connection: commands wait for it, but not many and not for long. */

import type { Clock } from '@llm-cache/core'
import type { RedisClusterType } from '@redis/client'
import { within } from './deadline.js'
import { createBudget } from './flights/context.js'
import { destroy } from './line.js'

/** What a command is refused with while there is no connection. */
export const OFFLINE = 'Redis is not connected.'

/**
 * Where commands wait for a connection that is being made, at most 16 MiB of them, each for at most 5 s.
 * @returns a function that resolves when `connected` does or the time is over, and rejects at once where there is no more room
 */
export function createWaitingRoom(clock: Clock): (connected: Promise<unknown>, bytes: number) => Promise<void> {
  const budget = createBudget(WAITING_BYTES)
  return async (connected, bytes) => {
    const taken = bytes + COMMAND_BYTES
    if (!budget.take(taken)) throw new Error(OFFLINE)
    try {
      await within(clock, START_MS, connected).catch(() => {})
    } finally {
      budget.give(taken)
    }
  }
}

export interface ClusterStart {
  /** Resolves once the cluster is connected. Rejects where it is not in time; and at once in a pause between two attempts. */
  ready(bytes: number): Promise<void>
  /** Nothing is tried any more. Resolves once nothing is under way. */
  close(): Promise<void>
}

/**
 * Connects `cluster`, unless somebody else does. node-redis gives up where it finds no node, and is content with a cluster that is
 * still being formed: it is tried again when somebody asks, after 50 ms, and twice as long each time, up to 0.6 s. Once connected it
 * finds its nodes again by itself, and one that its owner closed stays closed.
 */
export function startCluster(cluster: RedisClusterType, clock: Clock): ClusterStart {
  const wait = createWaitingRoom(clock)
  let connected = false
  let closed = false
  let failed = 0
  let notBefore = Number.NEGATIVE_INFINITY
  let attempt: Promise<void> | undefined

  async function tryNow(): Promise<void> {
    try {
      await cluster.connect()
      connected = isWhole(cluster) || (cluster.masters.length > 0 && failed >= FORMING_ATTEMPTS)
      if (!connected) destroy(cluster)
    } catch {
      // It has said so in an event.
    }
    attempt = undefined
    if (connected) return
    const pause = Math.min(50 * 2 ** failed, 500)
    notBefore = clock.monotonic() + pause + Math.random() * Math.min(pause, 100)
    failed += 1
  }

  return {
    async ready(bytes) {
      // Somebody else may have connected it, or be about to: then it knows no nodes yet.
      if (!attempt && cluster.isOpen) connected ||= isWhole(cluster)
      else if (!attempt && !connected && !closed && clock.monotonic() >= notBefore) attempt = tryNow()
      if (attempt) await wait(attempt, bytes)
      if (attempt || !cluster.isOpen || cluster.masters.length === 0) throw new Error(OFFLINE)
    },
    async close() {
      closed = true
      await attempt
    },
  }
}

/** Whether every slot has a node. */
function isWhole(cluster: RedisClusterType): boolean {
  return cluster.masters.length > 0 && !(cluster.slots as readonly unknown[]).includes(undefined)
}

/** So many times a cluster is given the time to assign its slots. */
const FORMING_ATTEMPTS = 10
const START_MS = 5000
const WAITING_BYTES = 16 * 1024 * 1024
/** What a command takes beyond its arguments, at the least. */
const COMMAND_BYTES = 1024
