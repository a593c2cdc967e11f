/** Collapsed forwarding across processes: one of all leads, the others follow its answer, and go on without it when it dies. */

import type { Entry } from '../entry/entry.js'
import type { AnswerHead, CacheRequest } from '../exchange.js'
import type { FlightLease, RemoteFlight } from '../sharing.js'
import type { Lookup } from '../stores/tiers.js'
import type { EngineContext } from './context.js'
import type { Flight, Joined } from './flight.js'
import { relay } from './relay.js'
import { type Continuation, continueFlight } from './resume.js'

export type Together =
  /** Ask the origin; without a lease where no other process could be asked. */
  | { readonly kind: 'lead'; readonly lease: FlightLease | undefined }
  /** Another process is asking: what its flight brings comes through the one here. */
  | { readonly kind: 'follow'; readonly joined: Joined | Promise<Joined> }
  /** Another process has just stored it. */
  | { readonly kind: 'found'; readonly found: Extract<Lookup, { kind: 'found' }> }

export interface Asker {
  readonly request: CacheRequest
  readonly isFresh: (entry: Entry) => boolean
  /** How long a stream that broke off waits for something to go on with, in ms. */
  readonly patienceMs: number
}

/** What brings the answer now, and whether anybody here still wants it. */
interface Followed {
  now: RemoteFlight | undefined
  gone: boolean
}

export interface TogetherTable {
  /** For the opener of `flight`, whose lookup missed. Never rejects. */
  join(key: string, flight: Flight, asker: Asker): Promise<Together>
}

/** Between two looks for an answer to go on with, in ms; doubled each time. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1000
/** How long to look where the app could not be asked once more, in ms. */
const UNASKED_MS = 5000

export function createTogether({ store, clock, compression }: EngineContext, isClosed: () => boolean): TogetherTable {
  async function join(key: string, flight: Flight, asker: Asker): Promise<Together> {
    const joining = await store.peers.join(key)
    if (joining === undefined) return { kind: 'lead', lease: undefined }
    if (joining.kind === 'follow') return { kind: 'follow', joined: follow(key, flight, joining.flight, asker) }
    // The leader before may have stored its answer after we looked.
    if (joining.stored === false) return { kind: 'lead', lease: joining.lease }
    const found = await store.get(key, asker.isFresh)
    if (found.kind !== 'found' || !found.fresh) return { kind: 'lead', lease: joining.lease }
    void joining.lease.close()
    return { kind: 'found', found }
  }

  function follow(key: string, flight: Flight, remote: RemoteFlight, asker: Asker): Joined | Promise<Joined> {
    const joined = flight.join(asker.request.signal)
    const followed: Followed = { now: remote, gone: false }
    // The flight has no leader here: with its last follower goes the reason for the relay.
    const leave = (): void => {
      followed.gone = true
      followed.now?.cancel()
    }
    if (!flight.leaderGone(leave)) leave()
    void relay(remote, flight).then(async (end) => {
      if (end.kind === 'broken' && !followed.gone) await resume(key, flight, end.head, asker, followed)
      else if (end.kind === 'broken') flight.abort()
      flight.done()
    })
    return joined
  }

  /**
   * The leader of a stream that is going out here died elsewhere. The app is asked once more; whoever leads then, here or in another
   * process, may go on where the stream broke off.
   */
  async function resume(key: string, flight: Flight, head: AnswerHead, { request, patienceMs }: Asker, followed: Followed): Promise<void> {
    flight.close()
    const sent = flight.bytes()
    const asked = sent !== undefined && request.again?.() !== undefined
    // Nobody here can be made to ask: only somebody who happened to ask elsewhere can help.
    const until = clock.monotonic() + (asked ? patienceMs : Math.min(patienceMs, UNASKED_MS))
    let pauseMs = FIRST_PAUSE_MS
    while (sent && clock.monotonic() < until && !isClosed() && !followed.gone) {
      const next = continueFlight(flight, head, sent, () => followed.now?.cancel())
      const remote = await store.peers.follow(key)
      if (remote) {
        followed.now = remote
        await relay(remote, next)
        remote.cancel()
      }
      if (!remote) {
        const found = await store.get(key, () => true)
        if (found.kind === 'found') await replay(found.entry, next)
      }
      if (next.state !== 'catching-up') return
      await new Promise<void>((resolve) => void clock.schedule(pauseMs, resolve))
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    }
    flight.abort()
  }

  async function replay(entry: Entry, next: Continuation): Promise<void> {
    try {
      const body = await compression.decode(entry)
      next.head({ id: entry.id, status: entry.status, headers: entry.headers })
      next.write(body)
      next.end(undefined)
    } catch {
      // Damaged: asked for once more, it is a miss.
    }
  }

  return { join }
}
