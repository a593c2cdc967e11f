/** The other processes: what is asked of them and told to them through a shared store, under its deadline and breaker. */

import type { StoreOperation } from '../ports.js'
import type { BusMessage, FlightCoordinator, Joining, RemoteFlight, SharedCounters, Sharing } from '../sharing.js'
import type { GuardedStore } from './guarded.js'

export interface Peers {
  /** True where `join` is worth calling. */
  readonly coordinates: boolean
  /** Leads or follows across processes; undefined where no process could be asked in time. */
  join(key: string): Promise<Joining | undefined>
  /** Follows who leads across processes now; undefined where nobody does or it could not be asked. */
  follow(key: string): Promise<RemoteFlight | undefined>
  /** False: it is not where the others will find it. True also where there are none. */
  announce(message: BusMessage): Promise<boolean>
  /** True where `announce` reaches anybody. */
  readonly hasBus: boolean
  /** Where sums for all processes are kept. */
  readonly counters: GuardedCounters | undefined
}

/** `SharedCounters` that never reject. */
export interface GuardedCounters {
  /** False: they could not be added. */
  add(deltas: Readonly<Record<string, number>>): Promise<boolean>
  read(): Promise<Readonly<Record<string, number>> | undefined>
}

/** @param store the tier that is shared; without one there are no peers */
export function createPeers(store: GuardedStore | undefined): Peers {
  const { flights, bus, counters }: Sharing = store?.sharing ?? {}

  /** What comes after nobody waits for it any more is let go: a lease that is kept would hold up all other processes. */
  async function ask<T>(operation: StoreOperation, work: () => Promise<T>, dismiss?: (late: T) => void): Promise<T | undefined> {
    let givenUp = false
    const outcome = await store?.attempt(operation, async () => {
      const answer = await work()
      if (givenUp) dismiss?.(answer)
      return answer
    })
    givenUp = true
    return outcome?.kind === 'done' ? outcome.value : undefined
  }

  return {
    coordinates: flights !== undefined,
    hasBus: bus !== undefined,
    join: async (key) => flights && ask('flight', () => flights.join(key), letGo),
    follow: async (key) => flights && followNow(flights, key),
    announce: async (message) => bus === undefined || (await ask('flight', () => bus.publish(message).then(() => true))) === true,
    counters: counters && guardCounters(counters),
  }

  function followNow(coordinator: FlightCoordinator, key: string): Promise<RemoteFlight | undefined> {
    return ask(
      'get',
      () => coordinator.follow(key),
      (late) => late?.cancel(),
    )
  }

  function guardCounters(own: SharedCounters): GuardedCounters {
    return {
      add: async (deltas) => (await ask('flight', () => own.add(deltas).then(() => true))) === true,
      read: () => ask('get', () => own.read()),
    }
  }
}

function letGo(joining: Joining): void {
  if (joining.kind === 'lead') joining.lease.abort()
  else joining.flight.cancel()
}
