/** Cron expressions: the optional peer croner says when, the cache's own clock waits. */

import { invalid } from '../checks.js'
import { PeerMissingError } from '../errors.js'
import { describeValue } from '../lib/nearest.js'
import type { Clock } from '../ports.js'

/** The times that a cron expression names. */
export interface CronTimes {
  /** The first one after `afterMs`; both in ms since the epoch. Undefined where none comes any more. */
  next(afterMs: number): number | undefined
}

/**
 * Reads a cron expression of five fields, or of six with seconds first, in the time of this machine unless `timezone` names another
 * (`'Europe/Berlin'`).
 *
 * @param option what errors call the expression
 * @throws PeerMissingError where croner is not installed
 * @throws OptionError for what is no cron expression or no time zone
 */
export async function parseCron(
  option: string,
  expression: unknown,
  timezone?: unknown,
  load: LoadCroner = loadCroner,
): Promise<CronTimes> {
  if (typeof expression !== 'string' || expression.length > MAX_LENGTH)
    throw invalid(option, `is ${describeValue(expression)}; it must be a cron expression such as '0 4 * * *'`)
  if (timezone !== undefined && !isTimezone(timezone))
    throw invalid('timezone', `is ${describeValue(timezone)}; it must be the name of a time zone such as 'Europe/Berlin'`)
  const Cron = await load()
  try {
    const cron = new Cron(expression, { paused: true, ...(timezone !== undefined && { timezone }) })
    return { next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() }
  } catch {
    throw invalid(option, `is ${describeValue(expression)}; it must be a cron expression such as '0 4 * * *' (each day at four)`)
  }
}

/** Something that is done again and again. */
export interface CronJob {
  /** When it is done next, in ms since the epoch; undefined while it is being done, and when it is never done again. */
  readonly nextAt: number | undefined
  /** Ends it; what is being done now goes on. Idempotent. */
  stop(): void
}

/**
 * Does `work` at the times that `times` names. What takes until after the next time skips that one: it never overlaps with itself.
 *
 * @param work must not reject
 */
export function startCron(times: CronTimes, clock: Clock, work: () => Promise<void>): CronJob {
  let nextAt: number | undefined
  let cancel: (() => void) | undefined
  let stopped = false

  function plan(): void {
    nextAt = stopped ? undefined : times.next(clock.now())
    if (nextAt !== undefined) cancel = scheduleAt(nextAt, clock, begin)
  }

  function begin(): void {
    nextAt = undefined
    void work().then(plan)
  }

  plan()
  return {
    get nextAt() {
      return nextAt
    },
    stop() {
      stopped = true
      nextAt = undefined
      cancel?.()
    },
  }
}

/**
 * Calls `callback` once the clock shows `atMs` (ms since the epoch), however far off: it looks at the clock at least once an hour, so
 * that a clock that was set, or a machine that slept, costs an hour at the most. Returns the cancel function.
 */
export function scheduleAt(atMs: number, clock: Clock, callback: () => void): () => void {
  let cancel: () => void = () => undefined
  const wait = (): void => {
    const left = atMs - clock.now()
    cancel = clock.schedule(Math.min(Math.max(left, 0), LOOK_MS), left > LOOK_MS ? wait : due)
  }
  // A timer of the platform may fire a millisecond early.
  const due = (): void => (clock.now() < atMs ? wait() : callback())
  wait()
  return () => cancel()
}

type Croner = new (
  expression: string,
  options: { readonly paused: true; readonly timezone?: string },
) => { nextRun(after: Date): Date | null }
type LoadCroner = () => Promise<Croner>

async function loadCroner(): Promise<Croner> {
  try {
    return (await import('croner')).Cron
  } catch (error) {
    throw new PeerMissingError('croner', 'Cron expressions need the package croner: npm install croner', { cause: error })
  }
}

function isTimezone(value: unknown): value is string {
  try {
    return typeof value === 'string' && new Intl.DateTimeFormat('en', { timeZone: value }) !== undefined
  } catch {
    return false
  }
}

const LOOK_MS = 60 * 60 * 1000
const MAX_LENGTH = 200
