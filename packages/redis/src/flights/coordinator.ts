/** Who leads the flight of a key, over all processes. */

import { randomBytes } from 'node:crypto'
import type { FlightCoordinator, FlightLease } from '@llm-cache/core'
import { ACQUIRE } from '../scripts.js'
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

  return {
    coordinator: {
      leaseMs: timing.leaseMs,
      async join(key) {
        if (closed) throw new Error('The Redis store is closed.')
        const flightId = randomBytes(12).toString('base64url')
        const askedAt = clock.monotonic()
        const keys = [names.lock(key), names.fence(key), names.followed(key), names.flight(key, flightId)] as const
        const reply = await link.run(ACQUIRE, keys, flightId, `${timing.keepMs}`, `${FENCE_MS}`)
        const [leads, held] = reply as readonly [leads: number, held: string]
        if (leads !== 1) {
          const leader = held.slice(held.indexOf(' ') + 1)
          return { kind: 'follow', flight: createFollower(context, key, leader) }
        }
        const lease = createLease(context, { key, flightId, token: Number(held), askedAt }, (ended) => leases.delete(ended))
        leases.add(lease)
        // Nobody waits for a lead that comes so late: somebody else may have it.
        if (closed || !lease.held) {
          lease.abort()
          await lease.close()
          throw new Error('The lead of the flight came too late.')
        }
        return { kind: 'lead', lease }
      },
    },
    async close() {
      closed = true
      await Promise.all([...leases].map((lease) => lease.close()))
    },
  }
}
