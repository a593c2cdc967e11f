/**
 * Epochs: invalidation by marks in place of searching. A mark on a guard retires every entry that has the guard and was begun before it,
 * wherever that entry is or may yet come from: a store, another process, a queue, an answer in flight. docs/decisions/0015-epoch-marks.md
 */

import { randomId } from '#platform'
import type { Entry, KnownMark } from '../../entry/entry.js'
import { MAX_CLOCK_SKEW_MS } from '../../freshness.js'
import type { Clock } from '../../ports.js'
import type { GuardedStore } from '../guarded-store.js'
import { createGuards, type Guarded, type Guards, sinceOf } from './guards.js'
import { createMarkReader } from './mark-reader.js'
import { createMarkTable, type Known } from './mark-table.js'
import { createMarkWriter, type MarkFailure, type MarkWriter, type Tell } from './mark-writer.js'
import { createRounds } from './rounds.js'
import { createStampClock } from './stamp.js'

export interface EpochsOptions {
  /** The stores outside this process's memory. */
  readonly stores: readonly GuardedStore[]
  readonly clock: Clock
  /** Tells the other processes of marks, where they listen: through which store. */
  readonly bus: { readonly store: GuardedStore; readonly tell: Tell } | undefined
  /** Something was found to be invalidated elsewhere: what is in flight may be older. */
  readonly onChange: () => void
  /** Most marks that are known at a time, and digests. @default 20,000 and 5,000 */
  readonly maxKnown?: number | undefined
}

/** `unknown`: a store did not say; the entry may or may not be good. */
export type Verdict = 'valid' | 'retired' | 'unknown'

export interface Epochs {
  readonly guards: Guards
  /** Other processes may share a store and do not hear of what is removed here: marks alone tell them. */
  readonly unheard: boolean
  stamp(): number
  /**
   * What can be said of `entry` at once; undefined where marks have to be read first.
   *
   * @param from where it was found; undefined for this process's own memory, to which nothing goes that was not judged or made here
   */
  judge(entry: Entry, from: GuardedStore | undefined): 'valid' | 'retired' | undefined
  /** What `judge` says of what is known, however long ago that was read. */
  isRetired(entry: Entry): boolean
  /** As `judge`, after reading what is not known: at most one batch a store. */
  decide(entry: Entry, from: GuardedStore | undefined): Promise<Verdict>
  /** Nothing was found under `key`: reads whether that is because it was removed, if that is not known. */
  learnKey(key: string): Promise<void> | undefined
  /** `entry` as it is to be stored, or undefined where it is retired already. */
  seal(entry: Entry): Entry | undefined
  /**
   * Retires everything that has one of `guards` and was begun before. For each of the stores, why it does not have the marks.
   *
   * @param removal the marks belong to a removal of keys, which the others hear of besides
   */
  retire(guards: readonly string[], removal: boolean): Promise<readonly (MarkFailure | undefined)[]>
  /** Another process has raised marks. */
  hear(guards: readonly string[], at: number): void
  /** What other processes said was lost. */
  lose(): void
  close(): Promise<void>
}

export function createEpochs({ stores, clock, bus, onChange, maxKnown }: EpochsOptions): Epochs {
  const by = randomId()
  const stamps = createStampClock(clock)
  const rounds = createRounds(stamps)
  const guards = createGuards(maxKnown)
  const all = guards.of('all', '')
  const remote = stores.length > 0
  const told = bus !== undefined
  let lifetimeMs = LEAST_LIFETIME_MS

  const table = createMarkTable((guard) => remote && !writers.some((writer) => writer.owes(guard)), maxKnown)
  const reader = createMarkReader({ stores, table, rounds, stamps, clock, told, onChange })
  const writers: readonly MarkWriter[] = stores.map((store) =>
    createMarkWriter({
      store,
      rounds,
      stamps,
      clock,
      all,
      lifetimeMs: () => lifetimeMs,
      onWritten(written, at, round) {
        learn(written, at, round)
        rounds.hear([round])
      },
      tell: bus?.store === store ? bus.tell : undefined,
    }),
  )

  function learn(marked: readonly string[], at: number, round = ''): void {
    const heard = stamps.next()
    for (const guard of marked) table.learn(guard, { at, round, heard, generation: 0 })
  }

  /** Within what clocks may differ by nothing is told by times, but by what the process knew when it began. */
  function isAfter({ at, round }: Known, { since, knows }: Guarded, heard: readonly string[] | undefined): boolean {
    if (at === 0 || at <= knows || at + MAX_CLOCK_SKEW_MS < since) return false
    return heard === undefined || !heard.includes(round)
  }

  function isRetired(entry: Entry): boolean {
    if (table.marks === 0 && table.floor === 0) return false
    const since = sinceOf(entry)
    // What was dropped of marks is older than whatever was begun here since.
    if (table.floor > 0 && table.floor + (entry.meta.by === by ? 0 : MAX_CLOCK_SKEW_MS) >= since) return true
    return guards.entry(entry).some((guarded) => {
      const known = table.get(guarded.guard)
      // What the process had heard of says nothing of answers that it was made from.
      return known !== undefined && isAfter(known, guarded, guarded.isInherited ? undefined : entry.meta.rounds)
    })
  }

  /** The guards whose marks decide; of removed keys the processes tell each other where they can. */
  function guardsToRead(entry: Entry): readonly string[] {
    const wanted = new Set<string>()
    for (const { guard, isOwnKey } of guards.entry(entry)) if (!(isOwnKey && told)) wanted.add(guard)
    return [...wanted]
  }

  function unknownGuards(entry: Entry): readonly string[] {
    return guardsToRead(entry).filter((guard) => !reader.isKnown(guard))
  }

  function judge(entry: Entry, from: GuardedStore | undefined): 'valid' | 'retired' | undefined {
    if (isRetired(entry)) return 'retired'
    if (!remote) return 'valid'
    if (!reader.current) return undefined
    reader.refresh()
    if (reader.unmarked) return 'valid'
    if (!from && (reader.unread || reader.cut)) return 'valid'
    return unknownGuards(entry).length === 0 ? 'valid' : undefined
  }

  function noteLifetime(entry: Entry): void {
    const ms = entry.deleteAt - sinceOf(entry)
    if (ms > lifetimeMs) lifetimeMs = Math.min(ms, LONGEST_LIFETIME_MS)
  }

  /** Marks of its guards that this process knew when `entry` was begun, where the times alone do not tell. */
  function knownBefore(entry: Entry): readonly KnownMark[] {
    const found: KnownMark[] = []
    if (table.marks === 0) return found
    const began = sinceOf(entry)
    for (const { guard, isInherited } of guards.entry(entry)) {
      const { at = 0, heard = 0 } = (!isInherited && table.get(guard)) || {}
      if (at > 0 && heard < began && at + MAX_CLOCK_SKEW_MS >= began) found.push([guard, at])
    }
    return found
  }

  return {
    guards,
    unheard: remote && !told,
    stamp: stamps.next,
    judge,
    isRetired,
    async decide(entry, from) {
      stamps.see(sinceOf(entry))
      noteLifetime(entry)
      const verdict = judge(entry, from)
      if (verdict !== undefined) return verdict
      // Where it is too long ago that anything was read, nothing that was read before may still be so.
      await reader.read(reader.current ? unknownGuards(entry) : guardsToRead(entry))
      if (isRetired(entry)) return 'retired'
      // What was known before the stores fell silent is the best there is.
      return !from || reader.hears(from) || unknownGuards(entry).length === 0 ? 'valid' : 'unknown'
    },
    learnKey(key) {
      if (!remote || (reader.current && reader.unmarked)) return undefined
      const guard = guards.of('key', key)
      const isKnown = told ? !reader.unread : reader.isKnown(guard)
      return reader.current && isKnown ? undefined : reader.read([guard])
    },
    seal(entry) {
      noteLifetime(entry)
      // Written once more, with later times: whoever began it, perhaps by another clock, said what there is to say.
      if (entry.meta.by !== undefined) return isRetired(entry) ? undefined : entry
      const knows = knownBefore(entry)
      const heard = rounds.before(sinceOf(entry))
      const meta = { ...entry.meta, by, ...(knows.length > 0 && { knows }), ...(heard.length > 0 && { rounds: heard }) }
      const sealed: Entry = { ...entry, meta }
      return isRetired(sealed) ? undefined : sealed
    },
    async retire(marked, removal) {
      learn(marked, stamps.after(Math.max(0, ...marked.map((guard) => table.get(guard)?.at ?? 0))))
      return Promise.all(writers.map((writer) => writer.raise(marked, removal)))
    },
    hear(marked, at) {
      stamps.see(at)
      learn(marked, at)
    },
    lose: reader.lose,
    async close() {
      await Promise.all(writers.map((writer) => writer.close()))
    },
  }
}

const DAY_MS = 86_400_000
/**
 * Longer than any entry that options allow, for other processes may keep some that this one never saw: a lifetime and a stale window of
 * MAX_DURATION_MS (24.8 days) each, and what clocks may differ.
 */
const LEAST_LIFETIME_MS = 60 * DAY_MS
const LONGEST_LIFETIME_MS = 400 * DAY_MS
