/** Brings marks into one store, and keeps at it where the store does not take them. */

import { randomId } from '#platform'
import type { Clock, StoreFailure } from '../../ports.js'
import type { GuardedStore } from '../guarded-store.js'
import { LATEST_KEY, latestEntry, markEntry, markKey, readMark, roundsIn } from './marks.js'
import type { Rounds } from './rounds.js'
import type { StampClock } from './stamp.js'

export interface MarkWriterOptions {
  readonly store: GuardedStore
  readonly rounds: Rounds
  readonly stamps: StampClock
  readonly clock: Clock
  /** How long marks have to live, in ms. */
  readonly lifetimeMs: () => number
  /** The guard that every entry has: it stands for all where there are too many to keep. */
  readonly all: string
  /** These marks are in the store, with this stamp. */
  readonly onWritten: (guards: readonly string[], at: number, round: string) => void
  /** Tells the other processes. */
  readonly tell: Tell | undefined
}

/**
 * False where they could not be told.
 *
 * @param removal the marks belong to a removal of keys, which the others hear of besides
 */
export type Tell = (guards: readonly string[], at: number, removal: boolean) => Promise<boolean>

export type MarkFailure = StoreFailure | 'peers'

export interface MarkWriter {
  /** Writes a mark for each of `guards` and tells the other processes. What could not be done is tried again until it is. */
  raise(guards: readonly string[], removal: boolean): Promise<MarkFailure | undefined>
  /** The mark of `guard` is still to be written. */
  owes(guard: string): boolean
  /** One last attempt. */
  close(): Promise<void>
}

type Batch = readonly (readonly [guard: string, removal: boolean])[]

export function createMarkWriter(options: MarkWriterOptions): MarkWriter {
  const { store, rounds, stamps, clock, lifetimeMs, all, onWritten, tell } = options
  /** With whether they belong to a removal alone. */
  const owed = new Map<string, boolean>()
  /** Being written right now. */
  let batch: Batch = []
  let turn: Promise<MarkFailure | undefined> = Promise.resolve(undefined)
  let pauseMs = FIRST_PAUSE_MS
  let cancelRetry: (() => void) | undefined
  let closed = false

  /**
   * A mark is stamped when it is written, not when it was asked for, and later than the one whose place it takes: one that had to wait,
   * or comes from a clock that is behind, must not hide what another process invalidated. One that lands late is written once more.
   */
  async function write(marked: Batch): Promise<MarkFailure | undefined> {
    const guards = marked.map(([guard]) => guard)
    const before = await store.readMany([LATEST_KEY, ...guards.map(markKey)])
    if (before.kind === 'failed') return before.reason
    const [last, ...others] = before.value
    // Only a hint: where two write at once one round may be lost, and an answer that came after it taken for an older one.
    rounds.hear(roundsIn(last))
    const at = stamps.after(Math.max(...others.map((other) => readMark(other).at)))
    const round = randomId()
    const lived = { now: clock.now(), lifetimeMs: Math.min(lifetimeMs(), store.limits.maxTtlMs ?? Number.POSITIVE_INFINITY) }
    const onLate = (): void => {
      owe(marked)
      retry()
    }
    const marks = await store.put(
      guards.map((guard) => markEntry(guard, at, round, lived)),
      onLate,
    )
    if (marks.kind === 'failed') return marks.reason
    if (!marks.value) return 'refused'
    // After the marks: whoever finds it changed finds them too.
    const latest = await store.put([latestEntry(round, rounds.recent(), lived)])
    if (latest.kind === 'failed') return latest.reason
    if (!latest.value) return 'refused'
    onWritten(guards, at, round)
    for (const removal of tell ? [false, true] : []) {
      const told = marked.flatMap(([guard, ofRemoval]) => (ofRemoval === removal ? [guard] : []))
      if (told.length > 0 && !(await tell?.(told, at, removal))) return 'peers'
    }
    return undefined
  }

  async function flush(): Promise<MarkFailure | undefined> {
    cancelRetry?.()
    while (owed.size > 0) {
      batch = [...owed].slice(0, BATCH)
      for (const [guard] of batch) owed.delete(guard)
      const failure = await write(batch)
      const unwritten = failure === undefined ? [] : batch
      batch = []
      owe(unwritten)
      if (failure !== undefined) {
        retry()
        return failure
      }
    }
    pauseMs = FIRST_PAUSE_MS
    return undefined
  }

  function owe(marked: Batch): void {
    for (const [guard, removal] of marked) owed.set(guard, removal && owed.get(guard) !== false)
    if (owed.size <= MAX_OWED) return
    owed.clear()
    owed.set(all, false)
  }

  function retry(): void {
    cancelRetry?.()
    if (closed) return
    cancelRetry = clock.schedule(pauseMs, () => {
      turn = turn.then(flush)
    })
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }

  return {
    raise(guards, removal) {
      for (const guard of guards) owed.set(guard, removal && owed.get(guard) !== false)
      turn = turn.then(flush)
      return turn
    },
    owes: (guard) => owed.has(guard) || owed.has(all) || batch.some(([one]) => one === guard || one === all),
    async close() {
      closed = true
      cancelRetry?.()
      await turn
      if (owed.size > 0) await flush()
      cancelRetry?.()
    },
  }
}

/** Guards whose marks could not be written yet; above that everything counts as invalidated once they can. */
const MAX_OWED = 10_000
const BATCH = 200
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5000
