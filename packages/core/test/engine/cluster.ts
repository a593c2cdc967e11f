/** Several "processes" in one: caches with a memory of their own on one shared store, whose coordination the test sees and breaks. */

import type { Entry } from '../../src/entry/entry.js'
import type { CacheStore } from '../../src/ports.js'
import type { FlightCoordinator, FlightLease, Joining, RemoteFlight, RemoteStep } from '../../src/sharing.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import type { ManualClock } from '../../src/testing/manual-clock.js'

export interface Cluster {
  /** The shared store as one process sees it. */
  store(): CacheStore
  /** The leader of the only flight dies: its lease is gone, its followers see it lost. */
  kill(): void
  readonly joins: ('lead' | 'follow')[]
  /** Keys that somebody looked for a leader of, without wanting to lead. */
  readonly looks: string[]
  /** Followers in other processes that gave up. */
  readonly cancelled: number
  /** While true lookups of the store fail. */
  failing: boolean
  /** Leases that are held. */
  readonly held: number
}

interface SharedFlight {
  readonly token: number
  readonly steps: RemoteStep[]
  readonly wake: Set<() => void>
  followed: boolean
  open: boolean
}

export function createCluster(clock: ManualClock): Cluster {
  const inner = createMemoryStore({ clock })
  const flights = new Map<string, SharedFlight>()
  const passed = new Map<string, number>()
  const joins: ('lead' | 'follow')[] = []
  const looks: string[] = []
  let tokens = 0
  let cancels = 0

  function push(flight: SharedFlight, step: RemoteStep): void {
    if (!flight.open && step.kind !== 'lost') return
    flight.steps.push(step)
    for (const wake of [...flight.wake]) wake()
  }

  function lead(key: string): FlightLease {
    const flight: SharedFlight = { token: ++tokens, steps: [], wake: new Set(), followed: false, open: true }
    flights.set(key, flight)
    passed.set(key, flight.token)
    const end = (step: RemoteStep): void => {
      push(flight, step)
      release()
    }
    const release = (): void => {
      flight.open = false
      if (flights.get(key) === flight) flights.delete(key)
    }
    return {
      token: flight.token,
      get held() {
        return passed.get(key) === flight.token
      },
      followed: async () => flight.followed,
      head: (head) => push(flight, { kind: 'head', head }),
      write: (bytes) => push(flight, { kind: 'chunk', bytes }),
      end: () => push(flight, { kind: 'end' }),
      abort: () => end({ kind: 'abort' }),
      release: () => end({ kind: 'alone' }),
      close: async () => release(),
    }
  }

  function follow(flight: SharedFlight): RemoteFlight {
    flight.followed = true
    let at = 0
    let cancelled = false
    return {
      async next() {
        while (!cancelled && at >= flight.steps.length) {
          await new Promise<void>((resolve) => {
            const wake = (): void => {
              flight.wake.delete(wake)
              resolve()
            }
            flight.wake.add(wake)
          })
        }
        return cancelled ? { kind: 'lost' } : (flight.steps[at++] as RemoteStep)
      },
      cancel() {
        if (!cancelled) cancels++
        cancelled = true
        for (const wake of [...flight.wake]) wake()
      },
    }
  }

  const coordinator: FlightCoordinator = {
    leaseMs: 1000,
    async join(key): Promise<Joining> {
      const flight = flights.get(key)
      joins.push(flight ? 'follow' : 'lead')
      return flight ? { kind: 'follow', flight: follow(flight) } : { kind: 'lead', lease: lead(key) }
    },
    async follow(key) {
      looks.push(key)
      const flight = flights.get(key)
      return flight && follow(flight)
    },
  }

  const cluster: Cluster = {
    joins,
    looks,
    failing: false,
    get cancelled() {
      return cancels
    },
    get held() {
      return flights.size
    },
    kill() {
      for (const [key, flight] of flights) {
        flight.open = false
        passed.set(key, ++tokens)
        push(flight, { kind: 'lost' })
      }
      flights.clear()
    },
    store: () => ({
      name: 'shared',
      limits: inner.limits,
      sharing: { flights: coordinator },
      get: async (key) => {
        if (cluster.failing) throw new Error('down')
        return inner.get(key) as Entry | undefined
      },
      set: async (entry, fence) => (fence && (passed.get(entry.key) ?? 0) > fence.token ? false : (inner.set(entry) as boolean)),
      delete: async (key) => inner.delete(key) as boolean,
      clear: async () => inner.clear() as undefined,
      ...(inner.keys && { keys: inner.keys }),
      size: () => undefined,
      close: () => {},
    }),
  }
  return cluster
}
