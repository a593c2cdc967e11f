/**
 * Reads marks from the stores, and knows when there is no need to. One small entry in each store changes whenever a mark does: as long
 * as it is as it was, every mark read before is still the latest. Where processes tell each other of marks not even that is read again.
 */

import type { Clock } from '../../ports.js'
import type { GuardedStore } from '../guarded-store.js'
import type { MarkTable } from './mark-table.js'
import { LATEST_KEY, markKey, readMark, roundsIn } from './marks.js'
import type { Rounds } from './rounds.js'
import type { StampClock } from './stamp.js'

export interface MarkReaderOptions {
  readonly stores: readonly GuardedStore[]
  readonly table: MarkTable
  readonly rounds: Rounds
  readonly stamps: StampClock
  readonly clock: Pick<Clock, 'monotonic'>
  /** The processes tell each other of marks. */
  readonly told: boolean
  /** Something was invalidated elsewhere. */
  readonly onChange: () => void
}

export interface MarkReader {
  /** What was read is good enough: younger than BOUND_MS, or kept good by what the processes tell each other. */
  readonly current: boolean
  /** Some store was not read yet. */
  readonly unread: boolean
  /** There was no mark in any store when it was last read. */
  readonly unmarked: boolean
  /** A store did not answer when it was last asked. */
  readonly cut: boolean
  /** `store` answered when it was last asked; or, where it is this machine's own, all did: it alone does not hear of other processes. */
  hears(store: GuardedStore): boolean
  /** Its latest mark was read, and none has changed since, as far as was read. */
  isKnown(guard: string): boolean
  /** Reads the marks of `guards`, one batch a store, and whether any mark changed. Never rejects. */
  read(guards: readonly string[]): Promise<void>
  /** Reads in the background whether any mark changed, if that is due soon. */
  refresh(): void
  /** Messages were lost: everything is to be read again. */
  lose(): void
}

interface Source {
  readonly store: GuardedStore
  /** Id of the entry at LATEST_KEY; undefined where there is none, UNREAD before it was read. */
  latest: string | undefined
  failed: boolean
}

export function createMarkReader({ stores, table, rounds, stamps, clock, told, onChange }: MarkReaderOptions): MarkReader {
  const sources: Source[] = stores.map((store) => ({ store, latest: UNREAD, failed: false }))
  const underWay = new Map<string, Promise<void>>()
  // In memory there is nothing yet that could have been invalidated before this moment.
  let readAt = clock.monotonic()
  let generation = 1
  let losses = 0
  let refreshing = false

  function note(source: Source, latest: string | undefined): void {
    const before = source.latest
    if (before === latest) return
    source.latest = latest
    // What is told is known already. And where there is no mark, those that were read before they came will be read again.
    if (told || (before === UNREAD && latest === undefined)) return
    generation++
    if (before !== UNREAD) onChange()
  }

  async function ask(source: Source, guards: readonly string[]): Promise<void> {
    const before = losses
    const outcome = await source.store.readMany([LATEST_KEY, ...guards.map(markKey)])
    source.failed = outcome.kind === 'failed'
    if (outcome.kind === 'failed') return
    const [latest, ...marks] = outcome.value
    const heard = stamps.next()
    for (const [index, guard] of guards.entries()) {
      const mark = readMark(marks[index])
      stamps.see(mark.at)
      table.learn(guard, { ...mark, heard, generation: 0 })
    }
    rounds.hear(roundsIn(latest))
    if (before === losses) note(source, latest?.id)
  }

  async function carryOut(guards: readonly string[]): Promise<void> {
    const sentAt = clock.monotonic()
    // The stores may answer in any order: what changed while they were asked makes what was read one of the generation before.
    const asked = generation
    const before = losses
    await Promise.all(sources.map((source) => ask(source, guards)))
    if (!reader.cut) for (const guard of guards) table.learn(guard, { at: 0, round: '', heard: 0, generation: asked })
    if (before === losses) readAt = Math.max(readAt, sentAt)
  }

  const reader: MarkReader = {
    get current() {
      if (sources.length === 0 || (told && !reader.cut && !reader.unread)) return true
      return clock.monotonic() - readAt < BOUND_MS
    },
    get unread() {
      return sources.some(({ latest }) => latest === UNREAD)
    },
    get unmarked() {
      return !table.forgetful && sources.every(({ latest }) => latest === undefined)
    },
    get cut() {
      return sources.some(({ failed }) => failed)
    },
    hears(store) {
      const own = sources.find((source) => source.store === store)
      return store.local || own === undefined ? !reader.cut : !own.failed
    },
    isKnown: (guard) => table.get(guard)?.generation === generation,
    async read(guards) {
      const wanted = guards.filter((guard) => !underWay.has(guard))
      const waited = guards.flatMap((guard) => underWay.get(guard) ?? [])
      if (wanted.length > 0 || waited.length === 0) {
        const reading = carryOut(wanted).finally(() => {
          for (const guard of wanted) underWay.delete(guard)
        })
        for (const guard of wanted) underWay.set(guard, reading)
        waited.push(reading)
      }
      await Promise.all(waited)
    },
    refresh() {
      if (refreshing || sources.length === 0 || (told && reader.current)) return
      if (clock.monotonic() - readAt < BOUND_MS / 2) return
      refreshing = true
      void reader.read([]).finally(() => {
        refreshing = false
      })
    },
    lose() {
      generation++
      losses++
      readAt = Number.NEGATIVE_INFINITY
      for (const source of sources) source.latest = UNREAD
    },
  }
  return reader
}

/** How long what was read of marks is good where the processes do not tell each other, in ms. */
export const BOUND_MS: number = 1000
/** No id has a space. */
const UNREAD = ' '
