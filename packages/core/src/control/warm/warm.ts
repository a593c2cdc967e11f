/** Warming: asking the app beforehand what callers will ask, so that the answers are there. docs/decisions/0018-warming.md. */

import { invalid } from '../../checks.js'
import type { AppTarget } from '../../dispatch/target.js'
import type { DetachedTable } from '../../engine/detached.js'
import { type Emitter, errorName } from '../../engine/emitter.js'
import type { Dispatch } from '../../exchange.js'
import type { Clock } from '../../ports.js'
import { parseCron, startCron } from '../cron.js'
import { resolveWarm, type WarmOptions, type WarmPlan, type WarmScheduleOptions } from './options.js'
import type { WarmRequest } from './request.js'
import { runWarm } from './run.js'
import { isOneShot, type OpenSource, resolveSource, type WarmSource } from './source.js'
import type { WarmReport } from './tally.js'

/** Runs that begin by themselves. */
export interface WarmSchedule {
  /** When the next one begins, in ms since the epoch; undefined during a run, and where none comes any more. */
  readonly nextAt: number | undefined
  /** No more runs; one that is under way sends nothing more. Idempotent. */
  stop(): void
}

export interface Warmer {
  warm(source: WarmSource, options?: WarmOptions): Promise<WarmReport>
  schedule(cron: string, source: WarmSource | (() => WarmSource), options?: WarmScheduleOptions): Promise<WarmSchedule>
  /** Ends all runs and schedules. Idempotent. */
  close(): void
}

export interface WarmerOptions {
  /** The way to `app`; of undefined, to the app that the cache knows of. Undefined where it knows of none. @throws OptionError */
  readonly dispatchTo: (app: AppTarget | undefined) => Dispatch | undefined
  /** The most popular requests. @throws OptionError where none are kept */
  readonly popular: (top: number) => readonly WarmRequest[]
  readonly detached: Pick<DetachedTable, 'create'>
  readonly clock: Clock
  readonly emitter: Emitter
}

export function createWarmer({ dispatchTo, popular, detached, clock, emitter }: WarmerOptions): Warmer {
  const closing = new AbortController()
  const schedules = new Set<WarmSchedule>()

  async function run(open: OpenSource, plan: WarmPlan): Promise<WarmReport> {
    const send = dispatchTo(plan.app)
    if (!send)
      throw invalid('app', 'is needed: the Express or Koa app, the Node server, or the object with fetch (Hono) that the requests go to')
    const report = await runWarm(await open(), plan, { send, detached, clock, closing: closing.signal })
    const { failed, ms, ...counts } = report
    emitter.emit({
      type: 'warm-ended',
      at: clock.now(),
      ...counts,
      failed: failed.reduce((sum, { count }) => sum + count, 0),
      durationMs: ms,
    })
    return report
  }

  return {
    async warm(source, options = {}) {
      const plan = resolveWarm(options)
      return run(resolveSource(source, popular, plan.top), plan)
    },

    async schedule(cron, source, options = {}) {
      const plan = resolveWarm(options, true)
      if (isOneShot(source)) throw invalid('requests', 'can be gone through only once; give a function that makes them anew for each run')
      const sourceOf = (): OpenSource => resolveSource(typeof source === 'function' ? source() : source, popular, plan.top)
      if (typeof source !== 'function') sourceOf()
      const times = await parseCron('cron', cron, options.timezone)
      const ending = new AbortController()
      const signal = plan.signal ? AbortSignal.any([plan.signal, ending.signal]) : ending.signal

      async function work(): Promise<void> {
        try {
          const report = await run(sourceOf(), { ...plan, signal })
          options.onReport?.(report)
        } catch (error) {
          tell(error)
        }
      }
      function tell(error: unknown): void {
        try {
          if (options.onError) options.onError(error)
          else emitter.emit({ type: 'internal-error', at: clock.now(), where: 'warm', errorName: errorName(error) })
        } catch (thrown) {
          emitter.emit({ type: 'internal-error', at: clock.now(), where: 'warm', errorName: errorName(thrown) })
        }
      }
      const job = startCron(times, clock, work)
      const schedule: WarmSchedule = {
        get nextAt() {
          return job.nextAt
        },
        stop() {
          job.stop()
          ending.abort()
          schedules.delete(schedule)
        },
      }
      schedules.add(schedule)
      if (signal.aborted || closing.signal.aborted) schedule.stop()
      else plan.signal?.addEventListener('abort', () => schedule.stop(), { once: true, signal: ending.signal })
      return schedule
    },

    close() {
      closing.abort()
      for (const schedule of schedules) schedule.stop()
    },
  }
}
