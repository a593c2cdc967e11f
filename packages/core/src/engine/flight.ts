/**
 * Collapsed forwarding: equal requests in flight share one origin call. The first is the leader; followers receive the
 * leader's answer from its first byte, live, whatever its status. The leader's own client may leave without harm to them.
 */

import type { Entry } from '../entry/entry.js'
import type { AnswerHead } from '../exchange.js'
import { type Broadcast, type BroadcastReader, createBroadcast } from '../lib/broadcast.js'
import type { Clock } from '../ports.js'
import type { Meant, Removal } from '../stores/hearing.js'

export type Joined =
  /** The leader's answer, from byte 0. */
  | { readonly kind: 'answer'; readonly head: AnswerHead; readonly chunks: BroadcastReader }
  /** The leader found, or has just stored, this entry; `failed`: the origin failed, and this is what there was before. */
  | { readonly kind: 'entry'; readonly entry: Entry; readonly failed: boolean }
  /** The leader broke off before its head: one of the followers must lead. */
  | { readonly kind: 'retry' }
  /** The answer is for the leader alone (Set-Cookie, private, skip): ask the origin without waiting for anybody. */
  | { readonly kind: 'alone' }
  /** The leader was silent for too long. */
  | { readonly kind: 'timeout'; readonly waitedMs: number }
  /** The follower's own client left. */
  | { readonly kind: 'left' }

/** One origin call and everybody who receives its answer. */
export interface Flight {
  /** Id of the answer, once its head is there. */
  readonly answerId: string | undefined
  /** Followers so far, without those that left. */
  readonly joined: number
  /** Nobody waits for it but those who join: an older answer may do for others. */
  readonly background: boolean
  /** Follows: answers at once when the head is there already. */
  join(signal: AbortSignal | undefined): Joined | Promise<Joined>
  /** Leader: the store had it after all; `failed`: an older one, for want of a new one. */
  found(entry: Entry, failed?: boolean): void
  /** Leader: the origin's head, to be shared; of a flight in the background with its first byte, or its end. */
  head(head: AnswerHead): void
  write(chunk: Uint8Array): void
  /** Leader: the origin ended well formed; `entry` until the store has it. Late joiners get the entry. */
  end(entry: Entry | undefined): void
  /** Leader: the origin broke off. Followers with a head see the cut, those without retry. */
  abort(): void
  /** Leader: nobody may share this answer. */
  release(): void
  /**
   * Leader: its client left. True while followers remain; then `onRelease` is called once, when the flight has ended
   * or the last of them has left. False: nobody is there, the flight takes no more joiners.
   */
  leaderGone(onRelease: () => void): boolean
  /** The whole body, unless it outgrew the bound. */
  bytes(): Uint8Array | undefined
  /** Takes the flight off the table: no one can join from now on. */
  close(): void
  /** What it is about was removed on purpose: the answer must not be stored, and nobody may join from now on. */
  spoil(): void
  /** Of what it is about some was removed on purpose: an answer that is meant must not be stored, and nobody may join from now on. */
  doubt(meant: Meant): void
  readonly spoiled: boolean
  /** Leader: whether `entry`, the answer, is among what was removed on purpose meanwhile. */
  doubts(entry: Entry): boolean
  /** Whether `entry`, an answer that was there before, was removed on purpose since this flight began. */
  removed(entry: Entry): boolean
  /** It ended, one way or another. */
  readonly over: boolean
  /** Leader: the answer is where it belongs, or nowhere; nothing is left to spoil. Closes the flight. */
  done(): void
}

export interface FlightOptions {
  readonly shared: boolean
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly background?: boolean
}

export interface FlightTable {
  get(key: string): Flight | undefined
  /** A new flight under `key`; joinable by others unless `shared` is false. */
  open(key: string, options: FlightOptions): Flight
  /** The key of the flight whose answer has this id; undefined once it is stored, or nowhere. */
  keyOf(answerId: string): string | undefined
  /** Spoils all flights for these keys, joinable or not. */
  spoil(removal: Removal): void
  /** Whoever asks from now on joins none of those that have begun: something was invalidated, and what they bring may be older. */
  closeAll(): void
  /** Flights that are not done, whether others may join them or not. */
  readonly size: number
}

export function createFlightTable(clock: Clock): FlightTable {
  const flights = new Map<string, Flight>()
  const undone = new Map<Flight, string>()
  return {
    get: (key) => flights.get(key),
    get size() {
      return undone.size
    },
    open(key, { shared, timeoutMs, maxBytes, background = false }) {
      const unlist = (): void => {
        if (flights.get(key) === flight) flights.delete(key)
      }
      const flight: Flight = createFlight(clock, timeoutMs, background, createBroadcast(maxBytes), unlist, () => undone.delete(flight))
      if (shared) flights.set(key, flight)
      undone.set(flight, key)
      return flight
    },
    keyOf(answerId) {
      for (const [flight, key] of undone) if (flight.answerId === answerId) return key
      return undefined
    },
    closeAll() {
      for (const flight of [...flights.values()]) flight.close()
    },
    spoil(removal) {
      for (const [flight, key] of undone) {
        if ('keys' in removal ? !removal.keys.has(key) : !key.startsWith(removal.prefix)) continue
        if ('keys' in removal || !removal.meant) flight.spoil()
        else flight.doubt(removal.meant)
      }
    },
  }
}

function createFlight(
  clock: Clock,
  timeoutMs: number,
  background: boolean,
  body: Broadcast,
  unlist: () => void,
  forget: () => void,
): Flight {
  const waiting = new Set<(joined: Joined) => void>()
  let settled: Joined | undefined // what every joiner is told, once that is no longer the head
  let head: AnswerHead | undefined
  let ended = false
  let spoiled = false
  const openedAt = clock.now()
  const doubts: Meant[] = []
  let joined = 0
  let leaderLeft = false
  let onRelease: (() => void) | undefined
  let progressAt = clock.monotonic()
  let cancelTimer: (() => void) | undefined
  const readers = new Set<BroadcastReader>()

  function following(): number {
    return waiting.size + readers.size
  }

  function settle(result: Joined): void {
    settled = result
    for (const resolve of [...waiting]) resolve(result)
  }

  function releaseLeader(): void {
    const callback = onRelease
    onRelease = undefined
    callback?.()
  }

  function afterLeaving(): void {
    if (following() > 0 || !leaderLeft || ended) return
    unlist()
    releaseLeader()
  }

  function finish(): void {
    ended = true
    cancelTimer?.()
    cancelTimer = undefined
    releaseLeader()
  }

  // One timer a flight, not one a follower: a thousand followers of a long stream would otherwise set half a million.
  function watchSilence(): void {
    if (cancelTimer || ended) return
    const check = (): void => {
      const silent = clock.monotonic() - progressAt
      const patience = head ? timeoutMs * STREAM_PATIENCE : timeoutMs
      if (silent < patience) {
        cancelTimer = clock.schedule(patience - silent, check)
        return
      }
      cancelTimer = undefined
      unlist()
      settle({ kind: 'timeout', waitedMs: silent })
      readers.clear()
      body.cut()
      afterLeaving()
    }
    cancelTimer = clock.schedule(timeoutMs, check)
  }

  function subscribe(answer: AnswerHead): Joined {
    if (!body.joinable) return { kind: 'alone' }
    const reader = body.subscribe(() => {
      if (readers.delete(reader)) joined--
      afterLeaving()
    })
    readers.add(reader)
    return { kind: 'answer', head: answer, chunks: reader }
  }

  return {
    background,
    get answerId() {
      return head?.id
    },
    get joined() {
      return joined
    },
    get spoiled() {
      return spoiled
    },
    get over() {
      return ended
    },
    join(signal) {
      if (settled) return settled
      joined++
      watchSilence()
      if (head) return subscribe(head)
      return new Promise((resolve) => {
        const done = (result: Joined): void => {
          waiting.delete(done)
          signal?.removeEventListener('abort', onAbort)
          resolve(result.kind === 'answer' ? subscribe(result.head) : result)
        }
        const onAbort = (): void => {
          done({ kind: 'left' })
          joined--
          afterLeaving()
        }
        waiting.add(done)
        if (signal?.aborted) onAbort()
        else signal?.addEventListener('abort', onAbort, { once: true })
      })
    },
    found(entry, failed = false) {
      settle({ kind: 'entry', entry, failed })
      finish()
    },
    head(answer) {
      progressAt = clock.monotonic()
      head = answer
      for (const resolve of [...waiting]) resolve({ kind: 'answer', head: answer, chunks: NO_CHUNKS })
    },
    write(chunk) {
      progressAt = clock.monotonic()
      body.write(chunk)
    },
    end(entry) {
      body.end()
      if (entry) settle({ kind: 'entry', entry, failed: false })
      else unlist()
      finish()
    },
    abort() {
      unlist()
      body.abort()
      settle({ kind: 'retry' })
      finish()
    },
    release() {
      unlist()
      settle({ kind: 'alone' })
    },
    leaderGone(callback) {
      if (ended) return false
      leaderLeft = true
      if (following() === 0) {
        unlist()
        return false
      }
      onRelease = callback
      return true
    },
    bytes: () => body.bytes(),
    close: unlist,
    spoil() {
      spoiled = true
      unlist()
    },
    doubt(meant) {
      if (doubts.length < MAX_DOUBTS) doubts.push(meant)
      else spoiled = true
      // What it brings is never older than the question; what there was before may be.
      if (meant.before === undefined || openedAt < meant.before) unlist()
    },
    // What it says is as old as the question.
    removed: (entry) => spoiled || doubts.some(({ matches }) => matches(entry)),
    doubts: (entry) => spoiled || (doubts.length > 0 && doubts.some(({ matches }) => matches({ ...entry, storedAt: openedAt }))),
    done() {
      unlist()
      forget()
    },
  }
}

/** Invalidations by what entries are, during one flight, from which on its answer is not stored whatever it is. */
const MAX_DOUBTS = 16

/** Joins, but waits for the beginning of the answer no longer than `ms`: 'timeout' then. */
export async function joinFor(flight: Flight, signal: AbortSignal | undefined, ms: number, clock: Clock): Promise<Joined> {
  const joining = flight.join(signal)
  if (!(joining instanceof Promise)) return joining
  return new Promise((resolve) => {
    let late = false
    const cancel = clock.schedule(ms, () => {
      late = true
      resolve({ kind: 'timeout', waitedMs: ms })
    })
    void joining.then((joined) => {
      cancel()
      if (late && joined.kind === 'answer') joined.chunks.cancel()
      resolve(joined)
    })
  })
}

/** A stream that has begun may pause for longer: tools run in between. */
const STREAM_PATIENCE = 5

// Stands in until each follower gets its own reader.
const NO_CHUNKS: BroadcastReader = { next: () => ({ kind: 'aborted' }), cancel: () => undefined }
