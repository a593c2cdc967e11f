/** The ports: what the engine needs from the outside. Every implementation passes the port's contract suite in `testing/`. */

import type { Entry } from './entry/entry.js'
import type { Fence, Sharing } from './sharing.js'

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
  /** True where entries never leave the memory of this process: such a store needs no encryption. @default false */
  readonly inMemory?: boolean
  /** True where no other process sees these entries (memory, a file of this machine): other processes' changes are carried out here too. @default inMemory */
  readonly local?: boolean
  /** What the processes that share this store do together; absent where it is nobody else's. */
  readonly sharing?: Sharing
  /** The entry under `key`, or undefined. Must never answer with a damaged or foreign entry. */
  get(key: string): Awaitable<Entry | undefined>
  /**
   * Stores `entry` under `entry.key` until `entry.deleteAt`. True means that it is there. False: it was refused (too large, not
   * admitted, or written under a `fence` that a later leader has passed).
   */
  set(entry: Entry, fence?: Fence): Awaitable<boolean>
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
  /** How entries become bytes here: compressed and encrypted as the cache is told to. Called once, before first use. */
  useCodec?(codec: EntryCodec): void
  /** The keys held that begin with `prefix` (all for ''), each once. Absent where the backend cannot list its keys. */
  keys?(prefix: string): Iterable<string> | AsyncIterable<string>
  /** As `get`, but no use of the entry: nothing is noted for eviction or statistics. @default get */
  peek?(key: string): Awaitable<Entry | undefined>
  /** As `get`, for many keys in one go; the answers in their order. */
  getMany?(keys: readonly string[]): Awaitable<readonly (Entry | undefined)[]>
  /** As `set`, for many entries in one go; the answers in their order. */
  setMany?(entries: readonly Entry[]): Awaitable<readonly boolean[]>
  /** The entries most worth having in memory, best first, until `maxBytes` of them (`entryBytes`) were given. Asked once, at start. */
  hottest?(maxBytes: number): Iterable<Entry> | AsyncIterable<Entry>
}

/** Entries to bytes and back, for stores outside the process. */
export interface EntryCodec {
  /** The frame of `entry`. */
  encode(entry: Entry): Awaitable<Uint8Array>
  /**
   * The entry in `bytes`, which were found under `key`. Its body may share memory with `bytes`.
   * @throws FrameError, or rejects with it, on anything that was not encoded for this key with these settings
   */
  decode(bytes: Uint8Array, key: string): Awaitable<Entry>
}

export interface StoreLimits {
  /** Largest entry in bytes (headers and body), Infinity when unbounded. */
  readonly maxEntryBytes: number
  /** Longest time that the backend keeps anything, in ms; entries that live longer go sooner. @default no limit */
  readonly maxTtlMs?: number
  /** Bytes that the store holds at the most (`entryBytes`), where it has such a bound. */
  readonly maxBytes?: number
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
  /** Once for each change. `because` is what tipped the scale; on the way back up there is none. */
  | { readonly type: 'store-state'; readonly store: string; readonly state: StoreState; readonly because: StoreFailure | undefined }
  /** A write that waited for the store was given up: the queue was full, the entry's time was over, or the cache was closed. */
  | { readonly type: 'write-dropped'; readonly store: string; readonly reason: 'overflow' | 'expired' | 'closed'; readonly bytes: number }

export type StoreOperation = 'get' | 'set' | 'delete' | 'clear' | 'keys' | 'flight' | 'connection'
/** `skipped`: not even tried, since the store is known not to work. */
export type StoreFailure = 'timeout' | 'error' | 'refused' | 'skipped'

/**
 * - `up`: it works.
 * - `busy`: it answers, but too late to wait for it.
 * - `read-only`: it answers reads and takes no writes.
 * - `down`: it does not answer at all.
 */
export type StoreState = 'up' | 'busy' | 'read-only' | 'down'

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
