/** For how long a route may use an entry, whichever route stored it. */

import type { Entry } from '../entry/entry.js'
import type { EntryTimes } from '../freshness.js'
import type { Rule } from './resolve.js'

/** The times of `entry` under `rule`: answers that call tools may be acted upon, so only as long, and only where, it lets them. */
export function timesUnder({ toolCalls }: Pick<Rule, 'toolCalls'>, entry: Entry): EntryTimes {
  if (!entry.meta.callsTools || toolCalls === 'even-stale') return entry
  const { storedAt, staleAt } = entry
  return { storedAt, staleAt, deleteAt: toolCalls ? staleAt : Number.NEGATIVE_INFINITY }
}
