/**
 * What processes do together through a store that they share: one origin call for all of them, memories that agree, and
 * common counters. Implemented by stores such as `@llm-cache/redis`; the engine guards every call and does without on a failure.
 */

import type { AnswerHead } from './exchange.js'

export interface Sharing {
  readonly flights?: FlightCoordinator
  readonly bus?: InvalidationBus
  readonly counters?: SharedCounters
}

/** Names who may write: the store refuses a write under a token that a later leader's has passed. */
export interface Fence {
  /** Grows with each leader of the same key. */
  readonly token: number
}

/** Collapsed forwarding across processes: for each key at most one leader holds the lease. */
export interface FlightCoordinator {
  /** Longest time for which a dead or frozen leader goes unnoticed, in ms. */
  readonly leaseMs: number
  /**
   * Takes the lead of the flight of `key`, or follows who has it. Rejects when the backend cannot be asked.
   * Whoever leads looks the key up once more, unless told that there is nothing: the leader before may just have stored its answer.
   */
  join(key: string): Promise<Joining>
  /** Follows who leads the flight of `key` now; undefined where nobody does. Never takes the lead. Rejects as `join` does. */
  follow(key: string): Promise<RemoteFlight | undefined>
}

export type Joining =
  /** `stored` false: there was no entry under the key when the lead was taken, so it need not be looked up once more. */
  | { readonly kind: 'lead'; readonly lease: FlightLease; readonly stored?: boolean }
  | { readonly kind: 'follow'; readonly flight: RemoteFlight }

/**
 * The right to ask the origin for a key, renewed in the background until `close`. Publishing never throws and never waits:
 * what cannot be published makes the followers lead themselves, within `leaseMs`.
 */
export interface FlightLease extends Fence {
  /** False once it expired or another process took the lead: the answer must not be stored any more. */
  readonly held: boolean
  /** Whether any other process has ever followed this flight; false too when the backend cannot be asked. Never rejects. */
  followed(): Promise<boolean>
  head(head: AnswerHead): void
  write(chunk: Uint8Array): void
  /** The answer is complete. Followers finish; the lease stays until `close`, while the answer is being stored. */
  end(): void
  /** The leader broke off; one of the followers must lead. Gives the lease back. */
  abort(): void
  /** The answer is for the leader alone; followers ask the origin by themselves. Gives the lease back. */
  release(): void
  /** Gives the lease back, after everything else. Idempotent; never rejects. */
  close(): Promise<void>
}

/** The leader's answer in another process, from its first byte, live. */
export interface RemoteFlight {
  /** The next step; the steps after `end`, `abort`, `alone` and `lost` are never asked for. Never rejects. */
  next(): Promise<RemoteStep>
  /** Nobody here follows any more. A pending `next` answers `lost`. Idempotent. */
  cancel(): void
}

export type RemoteStep =
  | { readonly kind: 'head'; readonly head: AnswerHead }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  /** The answer is complete. */
  | { readonly kind: 'end' }
  /** The leader broke off: it said so. */
  | { readonly kind: 'abort' }
  /** The answer is for the leader alone. */
  | { readonly kind: 'alone' }
  /** The leader died or froze (its lease expired), or the backend cannot be asked. */
  | { readonly kind: 'lost' }

/** Keeps the in-process tiers of all processes in agreement. */
export interface InvalidationBus {
  /** Longest time in ms after which every reachable process has heard of a message, even when its push was lost. */
  readonly boundMs: number
  /** Tells the other processes. Resolves once the message is where they will find it; rejects when it is not. */
  publish(message: BusMessage): Promise<void>
  /**
   * Resolves once everything that was published before this call has been heard; rejects where the backend cannot be asked. Writes
   * that waited for the backend go out after it, lest they bring back what was erased meanwhile.
   */
  caughtUp(): Promise<void>
  /** Called once: a second call throws. Own messages are not heard. */
  subscribe(listener: (message: BusMessage | { readonly kind: 'lost' }) => void): void
}

export type BusMessage =
  /** The entry under `key` was replaced. */
  | { readonly kind: 'changed'; readonly key: string }
  /** The entry under `key` was removed on purpose, and what is in flight for it must not be stored. */
  | { readonly kind: 'deleted'; readonly key: string }
  /** Everything under keys that begin with `prefix` is gone, and what is in flight for them must not be stored. '' is all. */
  | { readonly kind: 'erased'; readonly prefix: string }
  /**
   * Of what is under keys that begin with `prefix`, the entries that `selector` means are gone, and those in flight that it means must
   * not be stored. The text is for caches alone. To one that cannot read it anything may be meant: it looks through nothing that all share,
   * and lets go of what it has itself.
   */
  | { readonly kind: 'scanned'; readonly prefix: string; readonly selector: string }
  /**
   * What has one of these guards and was begun before `at` (a stamp, in ms since the epoch) is invalid, stored or in flight. `removal`: it
   * was removed by its keys, of which another message tells.
   */
  | { readonly kind: 'retired'; readonly guards: readonly string[]; readonly at: number; readonly removal?: true }

/** Sums over all processes. Names are stable labels, values are added. */
export interface SharedCounters {
  add(deltas: Readonly<Record<string, number>>): Promise<void>
  read(): Promise<Readonly<Record<string, number>>>
}
