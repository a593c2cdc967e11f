/** The ports: what the engine needs from the outside. Every implementation passes the port's contract suite in `testing/`. */

import type { Entry } from './entry/entry.js'

/** A value now or later. Stores that can answer at once do, so that a hit costs no microtask. */
export type Awaitable<T> = T | Promise<T>

/** Where entries live. Implementations may throw or reject: the engine guards every call. */
export interface CacheStore {
  /** Short, stable label: 'memory', 'keyv'. */
  readonly name: string
  /** Declared limits; the engine respects them and never guesses by constructor name. */
  readonly limits: StoreLimits
  /** True where `get` answers at once; such a store is asked even while an equal request is in flight. @default false */
  readonly synchronous?: boolean
  /** The entry under `key`, or undefined. Must never answer with a damaged or foreign entry. */
  get(key: string): Awaitable<Entry | undefined>
  /** Stores `entry` under `entry.key` until `entry.deleteAt`. False: it was refused (too large, not admitted). */
  set(entry: Entry): Awaitable<boolean>
  /** Removes the entry; true if there was one. */
  delete(key: string): Awaitable<boolean>
  /** Removes everything that this store holds under its own namespace, and nothing else. */
  clear(): Awaitable<void>
  /** Entries and bytes held, where the store can know it cheaply. */
  size(): StoreSize | undefined
  /** Frees connections and timers that the store itself opened. Idempotent. */
  close(): Awaitable<void>
  /** Reports evictions, damage and faults. Called once by the engine, before first use. */
  listen?(listener: (event: StoreEvent) => void): void
}

export interface StoreLimits {
  /** Largest entry in bytes (headers and body), Infinity when unbounded. */
  readonly maxEntryBytes: number
}

export interface StoreSize {
  readonly entries: number
  readonly bytes: number
}

/** What a store tells of itself. Never carries keys, prompts or answers. */
export type StoreEvent =
  | { readonly type: 'entry-evicted'; readonly store: string; readonly reason: 'space' | 'expired'; readonly bytes: number }
  | { readonly type: 'entry-damaged'; readonly store: string; readonly reason: string }
  | { readonly type: 'store-failed'; readonly store: string; readonly operation: StoreOperation; readonly reason: StoreFailure }

export type StoreOperation = 'get' | 'set' | 'delete' | 'clear' | 'connection'
export type StoreFailure = 'timeout' | 'error' | 'refused'

/** Wall clock and timers, injected so that tests need no sleeping. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds, monotonic: for durations, deadlines and pacing. */
  monotonic(): number
  /** Calls `callback` once after `ms`. Never keeps the process alive. Returns the cancel function. */
  schedule(ms: number, callback: () => void): () => void
}

/**
 * What any Keyv instance (5.6 or 6) and any bare Keyv storage adapter have in common. Structural on purpose,
 * so that core depends on no version of Keyv.
 */
export interface KeyvLike {
  get(key: string): unknown
  set(key: string, value: string, ttl?: number): unknown
  delete(key: string): unknown
  clear(): unknown
  on?(event: 'error', listener: (error: unknown) => void): unknown
  disconnect?(): unknown
}

/** Notes the model calls that a handler makes while it runs, where the runtime lets us see them (Node). */
export interface UpstreamWatch {
  /** A new trace for one run of a handler. */
  trace(): UpstreamTrace
  /** Stops watching. Idempotent. */
  close(): void
}

export interface UpstreamTrace {
  /** Runs `callback`; calls made in it, also later and asynchronously, belong to this trace. */
  run<T>(callback: () => T): T
  /** Model calls seen so far. */
  readonly calls: number
  /**
   * `complete`: every model call ended well and said so itself, or a later one made up for it; `failed`: one did not;
   * `unknown`: none was seen, one was aborted or is still running, or what it said could not be read.
   */
  readonly state: UpstreamState
  /** The exchange is over; nothing is noted any more. Idempotent. */
  close(): void
}

export type UpstreamState = 'complete' | 'failed' | 'unknown'

/** Whether a model's whole response, of this content type and decoded, is a good answer by its own protocol. */
export type JudgeResponse = (contentType: string, body: Uint8Array) => 'complete' | 'failed'

/** Whether a request to `host` (lower-case, with port unless default) and `path` (with query) asks a model for an answer. */
export type IsModelCall = (host: string, path: string, method: string) => boolean
