/** What is done to a cache on purpose: invalidating, now and later, and rejecting. */

import { invalid } from '../checks.js'
import type { Emitter } from '../engine/emitter.js'
import type { Rejections } from '../engine/rejections.js'
import type { Duration } from '../lib/duration.js'
import { describeValue } from '../lib/nearest.js'
import type { Clock } from '../ports.js'
import {
  carryOut,
  type InvalidateContext,
  type InvalidateOptions,
  type InvalidateReport,
  InvalidationError,
  invalidate,
  reportOf,
} from './invalidate.js'
import { createSchedules, type Schedule, type ScheduleOptions } from './schedule.js'
import type { InvalidateSelector } from './selector.js'

export interface Control {
  /**
   * Removes entries on purpose, from all tiers, here and in the other processes that share a store. What is in flight for them
   * is still answered to those who wait for it, and not stored.
   *
   * @throws OptionError for a selector that is not exactly one
   * @throws InvalidationError when a tier could not be cleaned, or a rule threw; its report says which, everything else was removed all the same
   * @example
   * await cache.invalidate({ partition: 'tenant-42' })
   * await cache.invalidate({ pattern: { model: 'gpt-4o*' } }, { dryRun: true })
   */
  invalidate(selector: InvalidateSelector, options?: InvalidateOptions): Promise<InvalidateReport>
  /**
   * Invalidates at a time to come: after a delay, at a date (in the past: at once), or by a cron expression (needs the package
   * `croner`). Kept in the stores outside this process, so that it survives a restart; done by one process where they coordinate, else
   * by each. Resolves once it is kept, or could not be. At most 1000 at a time.
   *
   * @throws OptionError for a wrong selector, time or option; PeerMissingError for a cron expression without croner
   * @example
   * await cache.schedule({ pattern: 'prices:*' }, '0 4 * * *', { timezone: 'Europe/Berlin' })
   */
  schedule(selector: InvalidateSelector, when: Duration | Date | string, options?: ScheduleOptions): Promise<Schedule>
  /** The schedules that this process knows of. */
  schedules(): readonly Schedule[]
  /**
   * The answer with this id (`x-llm-cache-id`) is wrong: removes it from all tiers, here and in the other processes, also while it is
   * still being made. False for an id that is not known (any more), or was rejected before.
   *
   * @param reason for events and statistics: one of a few, 1 to 40 of `a-z0-9-`; anything else counts as 'other' and is not kept
   * @throws OptionError for an id that is no text
   * @throws InvalidationError when a tier could not be cleaned, or did not say whether it knows the id: ask again
   * @example
   * if (!schema.safeParse(answer).success) await cache.reject(response.headers.get('x-llm-cache-id'), 'schema')
   */
  reject(entryId: string, reason?: string): Promise<boolean>
}

export interface ControlContext extends InvalidateContext {
  readonly clock: Clock
  readonly emitter: Emitter
  readonly rejections: Pick<Rejections, 'reject'>
}

export function createControl(context: ControlContext): Control & { close(): void } {
  const { store, rejections } = context
  const schedules = createSchedules({
    ...context,
    records: store.records,
    peers: store.peers,
    carryOut: (selection) => carryOut(selection, false, context),
  })
  return {
    invalidate: (selector, options = {}) => invalidate(selector, options, context),
    schedule: (selector, when, options = {}) => schedules.add(selector, when, options),
    schedules: schedules.list,
    async reject(entryId, reason) {
      if (typeof entryId !== 'string') throw invalid('entryId', `is ${describeValue(entryId)}; it must be the text of x-llm-cache-id`)
      const tiers = await rejections.reject(entryId, reason === undefined ? undefined : String(reason))
      if (tiers?.some(({ failed }) => failed !== undefined)) throw new InvalidationError(reportOf(tiers, [entryId]))
      return tiers !== undefined
    },
    close: schedules.close,
  }
}
