/** How long things last in a flight, all from the one promise: nobody waits longer than `leaseMs` for a leader who is gone. */

export interface FlightTiming {
  readonly leaseMs: number
  /** For how long Redis keeps lock and stream without a renewal. Less than `leaseMs`: it takes a poll to see that they are gone. */
  readonly keepMs: number
  readonly renewMs: number
  readonly pollMs: number
}

export function flightTiming(leaseMs: number): FlightTiming {
  return {
    leaseMs,
    keepMs: Math.floor((leaseMs * 5) / 6),
    renewMs: Math.floor(leaseMs / 3),
    pollMs: Math.ceil(leaseMs / 8),
  }
}

/** For how long a complete answer can be followed after its end, in ms. */
export const LINGER_MS = 30_000
/** For how long Redis remembers who led last, in ms: later than that nobody's write is accepted. Renewed with the lease. */
export const FENCE_MS = 600_000
/** After this time a lease is not renewed any more, in ms: whoever holds it has forgotten it. */
export const FORGOTTEN_MS = 3_600_000
