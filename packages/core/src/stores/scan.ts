/** Reading what a store holds, a batch at a time, to find which entries are meant. */

import { type Entry, entryBytes } from '../entry/entry.js'
import { createTurns } from '../lib/turn.js'
import type { Awaitable, Clock, StoreFailure } from '../ports.js'
import type { CallResult } from './calls.js'
import { createKeyPages, type KeyPage } from './key-pages.js'

/** Which entries are meant, among those under a prefix, and who hears of them. */
export interface Finding {
  /** Left out: every one. Must not throw. */
  readonly matches?: ((entry: Entry) => boolean) | undefined
  /** True: it is of no use to go on. */
  readonly over?: (() => boolean) | undefined
  /** Hears of the entries that are meant, perhaps twice: of all where they have to be read anyway, else of the first few. */
  readonly found: (entry: Entry) => void
}

/** The store, each call under its deadline and breaker. */
export interface Readable {
  keys(prefix: string): Iterable<string> | AsyncIterable<string>
  /** Takes one page of the listing, under the long deadline. */
  page(work: () => Promise<KeyPage>): Awaitable<CallResult<KeyPage>>
  /** The entries under these keys, undefined where there is none that can be read. Counts as no use of them. */
  read(keys: readonly string[]): Awaitable<CallResult<readonly (Entry | undefined)[]>>
}

export interface ScanLimits {
  readonly clock: Clock
  /** Longest wait for one step. The whole has 30 times as long. In ms. */
  readonly longDeadlineMs: number
}

export type ScanOutcome =
  | { readonly kind: 'scanned'; readonly matched: number }
  /** `unsupported`: the store cannot list its keys. */
  | { readonly kind: 'failed'; readonly reason: StoreFailure | 'unsupported'; readonly matched: number }

export interface Chooser {
  /** Those of `keys` whose entries are meant, or why they could not be read. */
  choose(keys: readonly string[]): Promise<CallResult<readonly string[]>>
}

/** Batches grow and shrink with the size of the entries, so that what is held at once is bounded. The event loop gets its turns. */
export function createChooser(store: Pick<Readable, 'read'>, finding: Finding, clock: Clock): Chooser {
  const turns = createTurns(clock)
  let size = FIRST_BATCH

  return {
    async choose(keys) {
      const chosen: string[] = []
      for (let at = 0; at < keys.length; ) {
        const batch = keys.slice(at, at + size)
        at += batch.length
        const read = await store.read(batch)
        if (read.kind === 'failed') return read
        let bytes = 0
        for (const entry of read.value) {
          if (!entry) continue
          bytes += entryBytes(entry)
          const meant = finding.matches?.(entry) ?? true
          if (finding.over?.()) return { kind: 'done', value: chosen }
          if (!meant) continue
          finding.found(entry)
          chosen.push(entry.key)
        }
        size = bytes > BATCH_BYTES ? Math.max(1, size >> 1) : Math.min(size * 2, MOST_IN_BATCH)
        const turn = turns()
        if (turn) await turn
      }
      return { kind: 'done', value: chosen }
    },
  }
}

/** Counts the entries that are meant, and removes nothing. */
export async function scanKeys(prefix: string, store: Readable, finding: Finding, limits: ScanLimits): Promise<ScanOutcome> {
  const { clock, longDeadlineMs } = limits
  const until = clock.monotonic() + longDeadlineMs * STEPS_IN_ALL
  const chooser = createChooser(store, finding, clock)
  const pages = createKeyPages(store.keys, prefix, longDeadlineMs / 10, clock)
  let matched = 0
  try {
    for (;;) {
      const page = await store.page(pages.next)
      if (page.kind === 'failed') return { ...page, matched }
      const chosen = await chooser.choose(page.value.keys.filter((key) => isIn(prefix, key)))
      if (chosen.kind === 'failed') return { ...chosen, matched }
      matched += chosen.value.length
      if (page.value.last || finding.over?.()) return { kind: 'scanned', matched }
      if (clock.monotonic() > until) return { kind: 'failed', reason: 'timeout', matched }
    }
  } finally {
    pages.close()
  }
}

/**
 * Whether what is done to everything under `prefix` is done to `key`. The cache's own records are no entries: they stay unless they
 * are asked for.
 */
export function isIn(prefix: string, key: string): boolean {
  return !key.startsWith(RECORD_PREFIX) || prefix.startsWith(RECORD_PREFIX)
}

/** Of the keys under which a store holds what is no entry: `lc0.<kind>.<name>`. */
export const RECORD_PREFIX: string = 'lc0.'

/** Steps of the longest kind that a walk through all keys may take. */
export const STEPS_IN_ALL: number = 30
const FIRST_BATCH = 16
const MOST_IN_BATCH = 128
const BATCH_BYTES = 1024 * 1024
