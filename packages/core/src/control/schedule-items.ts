/** Schedules as data: what is kept of them in stores, and how the copies of several processes become one. */

import { isPlain } from '../checks.js'
import type { InvalidateSelector } from './selector.js'

/** What a schedule removes: a selector that is data, and the key prefixes that its partition stood for, which is not kept. */
export interface Target {
  readonly selector: Omit<InvalidateSelector, 'partition' | 'rule'>
  readonly prefixes?: readonly string[] | undefined
}

export type Timing =
  /** ms since the epoch. */
  { readonly at: number } | { readonly cron: string; readonly timezone?: string | undefined }

export interface ScheduleItem {
  readonly id: string
  readonly target: Target
  readonly timing: Timing
  /** Nothing is due that was due before this, in ms since the epoch: when it was last done, or else made. */
  readonly since: number
  /** It was cancelled, or was to be done once and is done. */
  readonly over: boolean
  /** Grows with each change: of two copies the later counts. ms since the epoch, about. */
  readonly version: number
}

/** Of each id the latest copy; of those that are over only the latest few. */
export function mergeItems(...lists: readonly (readonly ScheduleItem[])[]): readonly ScheduleItem[] {
  const latest = new Map<string, ScheduleItem>()
  for (const item of lists.flat()) {
    const known = latest.get(item.id)
    if (!known || isLater(item, known)) latest.set(item.id, item)
  }
  const items = [...latest.values()].sort((first, second) => second.version - first.version || (first.id < second.id ? -1 : 1))
  const live = items.filter(({ over }) => !over)
  const over = items.filter((item) => item.over)
  return [...live.slice(0, MAX_SCHEDULES), ...over.slice(0, MAX_OVER)]
}

function isLater(item: ScheduleItem, known: ScheduleItem): boolean {
  // Equal versions: any order will do, as long as it is everybody's.
  if (item.version !== known.version) return item.version > known.version
  return item.over !== known.over ? item.over : JSON.stringify(item) > JSON.stringify(known)
}

export function formatItems(items: readonly ScheduleItem[]): string {
  return JSON.stringify(items)
}

/** What others wrote; what makes no sense is left out. */
export function parseItems(text: string): readonly ScheduleItem[] {
  try {
    const items: unknown = JSON.parse(text, reviveDates)
    return Array.isArray(items) ? items.filter(isItem) : []
  } catch {
    return []
  }
}

/** The only dates are those of `olderThan`. */
function reviveDates(name: string, value: unknown): unknown {
  return name === 'olderThan' && typeof value === 'string' && value.endsWith('Z') ? new Date(value) : value
}

function isItem(value: unknown): value is ScheduleItem {
  const { id, target, timing, since, over, version } = (value ?? {}) as Partial<ScheduleItem>
  const { at, cron, timezone } = (timing ?? {}) as { at?: unknown; cron?: unknown; timezone?: unknown }
  const isTiming = typeof at === 'number' || (typeof cron === 'string' && (timezone === undefined || typeof timezone === 'string'))
  const prefixes = target?.prefixes ?? []
  return (
    typeof id === 'string' &&
    isPlain(target) &&
    isPlain(target.selector) &&
    Array.isArray(prefixes) &&
    prefixes.every((prefix) => typeof prefix === 'string' && prefix !== '') &&
    isTiming &&
    typeof since === 'number' &&
    typeof over === 'boolean' &&
    typeof version === 'number'
  )
}

/** Schedules of one cache, over all processes. */
export const MAX_SCHEDULES: number = 1000
const MAX_OVER = 1000
