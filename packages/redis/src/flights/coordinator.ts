/** Who leads the flight of a key, over all processes. */

import { randomBytes } from 'node:crypto'
import type { FlightCoordinator, FlightLease, RemoteFlight } from '@llm-cache/core'
import { ACQUIRE, FOLLOW } from '../scripts.js'
import type { FlightContext } from './context.js'
import { createFollower } from './follower.js'
import { createLease } from './lease.js'
import { FENCE_MS } from './timing.js'

export interface Flights {
  readonly coordinator: FlightCoordinator
  /** Gives all leases back. Never rejects. */
  close(): Promise<void>
}

export function createFlights(context: FlightContext): Flights {
  const { link, names, clock, timing } = context
  const leases = new Set<FlightLease>()
  let closed = false

  /** @param lock '<token> <flight id>' */
  function followerOf(key: string, lock: string): RemoteFlight {
    return createFollower(context, key, lock.slice(lock.indexOf(' ') + 1))
  }

  return {
    coordinator: {
      leaseMs: timing.leaseMs,
      async join(key) {
        if (closed) throw new Error('The Redis store is closed.')
        const flightId = randomBytes(12).toString('base64url')
        const askedAt = clock.monotonic()
        const keys = [names.lock(key), names.fence(key), names.followed(key), names.flight(key, flightId), names.entry(key)] as const
        const reply = await link.run(ACQUIRE, keys, flightId, `${timing.keepMs}`, `${FENCE_MS}`)
        const [leads, held, entries] = reply as readonly [leads: number, held: string, entries?: number]
        if (leads !== 1) return { kind: 'follow', flight: followerOf(key, held) }
        const lease = createLease(context, { key, flightId, token: Number(held), askedAt }, (ended) => leases.delete(ended))
        leases.add(lease)
        // Nobody waits for a lead that comes so late: somebody else may have it.
        if (closed || !lease.held) {
          lease.abort()
          await lease.close()
          throw new Error('The lead of the flight came too late.')
        }
        return { kind: 'lead', lease, stored: entries !== 0 }
      },
      async follow(key) {
        if (closed) throw new Error('The Redis store is closed.')
        const held = await link.run(FOLLOW, [names.lock(key), names.followed(key)], `${FENCE_MS}`)
        return typeof held === 'string' ? followerOf(key, held) : undefined
      },
    },
    async close() {
      closed = true
      await Promise.all([...leases].map((lease) => lease.close()))
    },
  }
}
