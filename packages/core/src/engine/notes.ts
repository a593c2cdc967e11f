/** The handler's notes on its own answer: the state behind a `CacheHandle`. */

import type { SkipReason, Usage } from '../events.js'
import type { Duration } from '../lib/duration.js'
import type { CacheHandle, OutcomeLabel } from './handle.js'
import { checkTags, handlerTtl } from './resolve.js'

export interface Notes {
  readonly tags: Set<string>
  ttlMs: number | undefined
  usage: Usage | undefined
  skip: SkipReason | undefined
}

/** Reason by which a cache mounted further in tells the outer one to stand back. */
export const SUPERSEDED = 'superseded'

/** A handle for a handler that runs under a recorder. `onSkip` is called at the first `skip`. */
export function createHandle(notes: Notes, onSkip: () => void): CacheHandle {
  const handle: CacheHandle = {
    outcome: 'MISS',
    tag(...tags: string[]) {
      for (const tag of checkTags(tags)) notes.tags.add(tag)
      return handle
    },
    ttl(duration: Duration) {
      notes.ttlMs = handlerTtl(duration)
      return handle
    },
    skip(reason?: string) {
      if (notes.skip === undefined) {
        notes.skip = reason === SUPERSEDED ? 'superseded' : 'handler-skip'
        onSkip()
      }
      return handle
    },
    usage(usage: Usage) {
      notes.usage = { ...notes.usage, ...usage }
      return handle
    },
  }
  return handle
}

/** The handle where nothing is being recorded: the setters check nothing and do nothing. */
export function idleHandle(outcome: OutcomeLabel): CacheHandle {
  const handle: CacheHandle = { outcome, tag: () => handle, ttl: () => handle, skip: () => handle, usage: () => handle }
  return handle
}
