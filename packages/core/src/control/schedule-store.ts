/** Where schedules are kept: one record in the stores outside this process, which every process reads, adds to and writes back. */

import { withDeadline } from '../lib/deadline.js'
import type { Clock } from '../ports.js'
import type { Records } from '../stores/records.js'
import { formatItems, mergeItems, parseItems, type ScheduleItem } from './schedule-items.js'

export interface ScheduleStore {
  /**
   * What all processes know after this one has told what it knows, `own`. `kept`: a store has it. Two that write at once may lose one
   * another's: what is missing is written again. One at a time; never rejects.
   */
  sync(own: () => readonly ScheduleItem[]): Promise<{ readonly items: readonly ScheduleItem[]; readonly kept: boolean }>
}

export function createScheduleStore(records: Records, clock: Clock): ScheduleStore {
  let last: Promise<unknown> = Promise.resolve()
  let writtenAt = Number.NEGATIVE_INFINITY

  async function read(): Promise<readonly ScheduleItem[] | undefined> {
    const texts = await records.read(KEY)
    return texts && mergeItems(...texts.map(parseItems))
  }

  async function write(items: readonly ScheduleItem[]): Promise<boolean> {
    const written = await withDeadline(records.write(KEY, formatItems(items), LIFETIME_MS), PATIENCE_MS, clock)
    if (written.kind !== 'done' || !written.value) return false
    writtenAt = clock.monotonic()
    return true
  }

  async function sync(own: () => readonly ScheduleItem[]): Promise<{ items: readonly ScheduleItem[]; kept: boolean }> {
    for (let attempt = 1; ; attempt++) {
      const theirs = await read()
      if (!theirs) return { items: own(), kept: false }
      const items = mergeItems(theirs, own())
      const isOld = items.length > 0 && clock.monotonic() - writtenAt > REWRITE_MS
      if (formatItems(items) === formatItems(theirs) && !isOld) return { items, kept: true }
      if (attempt > MOST_ATTEMPTS || !(await write(items))) return { items, kept: false }
    }
  }

  return {
    sync(own) {
      const work = last.then(() => (records.lasting ? sync(own) : { items: own(), kept: false }))
      last = work
      return work
    },
  }
}

const KEY = 'lc0.schedules.all'
const LIFETIME_MS = 400 * 24 * 60 * 60 * 1000
/** Some backends keep nothing for longer than a month. */
const REWRITE_MS = 24 * 60 * 60 * 1000
const PATIENCE_MS = 5000
const MOST_ATTEMPTS = 4
