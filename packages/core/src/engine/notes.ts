/** The handler's notes on its own answer: the state behind a `CacheHandle`. */

import type { SkipReason, Usage } from '../events.js'
import type { Duration } from '../lib/duration.js'
import { decisionOf } from '../semantic/decision.js'
import type { Finding } from '../semantic/finding.js'
import type { CacheHandle, OutcomeLabel } from './handle.js'
import { checkDependencies, checkTags, handlerTtl } from './resolve.js'

export interface Notes {
  readonly tags: Set<string>
  readonly dependsOn: Set<string>
  ttlMs: number | undefined
  usage: Usage | undefined
  skip: SkipReason | undefined
  /** The handler's own words for a skip. */
  detail: string | undefined
}

const MAX_DETAIL = 100

/**
 * By which a cache mounted further in tells the outer one to stand back. Not for apps, hence no name on the handle; registered, so
 * that two installed copies understand each other.
 */
const STAND_BACK: unique symbol = Symbol.for('llm-cache.stand-back') as never

interface Withdrawable {
  [STAND_BACK]?: () => void
}

export function standBack(handle: CacheHandle | undefined): void {
  ;(handle as Withdrawable | undefined)?.[STAND_BACK]?.()
}

/** A handle for a handler that runs under a recorder. `onSkip` is called at the first `skip`. */
export function createHandle(notes: Notes, finding: Finding | undefined, onSkip: () => void): CacheHandle {
  function skip(reason: SkipReason): void {
    if (notes.skip !== undefined) return
    notes.skip = reason
    onSkip()
  }
  const handle: CacheHandle & Withdrawable = {
    outcome: 'MISS',
    get semantic() {
      return finding && decisionOf(finding)
    },
    [STAND_BACK]: () => skip('superseded'),
    tag(...tags: string[]) {
      for (const tag of checkTags(tags)) notes.tags.add(tag)
      return handle
    },
    dependsOn(...ids: string[]) {
      for (const id of checkDependencies(ids)) notes.dependsOn.add(id)
      return handle
    },
    ttl(duration: Duration) {
      notes.ttlMs = handlerTtl(duration)
      return handle
    },
    skip(reason?: string) {
      notes.detail ??= reason === undefined ? undefined : String(reason).slice(0, MAX_DETAIL)
      skip('handler-skip')
      return handle
    },
    usage(usage: Usage) {
      notes.usage = { ...notes.usage, ...counts(usage) }
      return handle
    },
  }
  return handle
}

/** What can be counted; anything else would spoil every sum that it goes into. */
function counts({ inputTokens, outputTokens, cachedInputTokens }: Usage): Usage {
  const entries = Object.entries({ inputTokens, outputTokens, cachedInputTokens })
  return Object.fromEntries(entries.filter(([, value]) => typeof value === 'number' && Number.isFinite(value) && value >= 0))
}

/** The handle where nothing is being recorded: the setters check nothing and do nothing. */
export function idleHandle(outcome: OutcomeLabel, finding?: Finding): CacheHandle {
  const same = (): CacheHandle => handle
  const handle: CacheHandle = {
    outcome,
    get semantic() {
      return finding && decisionOf(finding)
    },
    tag: same,
    dependsOn: same,
    ttl: same,
    skip: same,
    usage: same,
  }
  return handle
}
