/** What is asked often: learnt from the cache's own traffic, in bounded memory, without the text of any request. */

import { LRUCache } from 'lru-cache'
import { sha256 } from '#platform'
import { countOf, invalid } from '../../checks.js'
import type { CostFunction } from '../../cost/cost.js'
import { fingerprintInput } from '../../engine/keys.js'
import type { ResolvedPatterns } from '../../engine/pattern-options.js'
import type { Lookedup, TrafficListener } from '../../engine/traffic.js'
import type { RequestBody } from '../../exchange.js'
import { fingerprint } from '../../fingerprint/fingerprint.js'
import { atMost } from '../../lib/at-most.js'
import { isThenable } from '../../lib/deadline.js'
import { nextTurn } from '../../lib/turn.js'
import type { Clock } from '../../ports.js'
import type { WarmRequest } from '../warm/request.js'
import { createFrequentItems } from './frequent.js'
import { createGroup, type Group, noteAnswer, type UsagePattern, viewOf } from './group.js'
import { replayable, replayBytes } from './replay.js'

export interface UsagePatternsOptions {
  /** How many, the most frequent first. @default 100 */
  readonly top?: number | undefined
}

export interface Patterns {
  readonly listen: TrafficListener
  /** @throws OptionError */
  read(options?: UsagePatternsOptions): readonly UsagePattern[]
  /** Requests of the most frequent kinds, to be sent again. @throws OptionError where none are kept */
  popular(top: number): readonly WarmRequest[]
  /** Lets go of everything about keys that begin with `prefix`. */
  forget(prefix: string): void
}

export interface PatternsContext {
  readonly clock: Pick<Clock, 'now'>
  readonly costOf: CostFunction
}

/**
 * Requests are of one kind where `normalize: 'loose'` would take them for the same: prompts that differ in case or layout. This is for
 * counting alone. What a kind is takes a parse and a digest, done once for each different request, after its reply is under way.
 */
export function createPatterns(
  { groups, halfLifeMs, keepRequests, maxBytes }: ResolvedPatterns,
  { clock, costOf }: PatternsContext,
): Patterns {
  let keptBytes = 0
  const kinds = createFrequentItems<Group>({ items: groups, halfLifeMs, onDropped: release })
  const kindOf = new LRUCache<string, string>(atMost(KEYS_PER_GROUP * groups))
  let waiting: Lookedup[] = []

  function release(group: Group): void {
    if (group.request) keptBytes -= replayBytes(group.request)
    group.request = undefined
  }

  function count(kind: string, looked: Lookedup): Group {
    const now = clock.now()
    const group = kinds.add(kind, now, () => createGroup(looked))
    group[looked.outcome]++
    group.lastSeenAt = now
    if (looked.entry) noteAnswer(group, looked.entry, costOf)
    return group
  }

  function listen(looked: Lookedup): void {
    const kind = kindOf.get(looked.key)
    if (kind === undefined) wait(looked)
    else {
      const group = count(kind, looked)
      if (keepRequests && group.request === undefined && group.mayKeep) wait(looked, kind)
    }
  }

  function wait(looked: Lookedup, counted?: string): void {
    // So many new ones in one turn of the event loop: some are not counted.
    if (waiting.length >= MAX_WAITING) return
    if (waiting.push(counted === undefined ? looked : ({ ...looked, counted } as Waiting)) === 1) void nextTurn().then(drain)
  }

  function drain(): void {
    const now = waiting
    waiting = []
    for (const looked of now) {
      // It was read for its key already, so it is at hand, mostly at once.
      const body = looked.request.body(looked.rule.maxBodyBytes)
      if (isThenable(body)) void body.then((read) => learn(looked, read as RequestBody)).then(undefined, () => undefined)
      else learn(looked, body as RequestBody)
    }
  }

  function learn(looked: Waiting, body: RequestBody): void {
    const { key, counted } = looked
    const kind = counted ?? kindOf.get(key) ?? kindFor(looked, body)
    kindOf.set(key, kind)
    const group = counted === undefined ? count(kind, looked) : kinds.get(kind)
    if (keepRequests && group?.request === undefined && group?.mayKeep) keep(group, looked, body)
  }

  function keep(group: Group, looked: Lookedup, body: RequestBody): void {
    const request = replayable(looked, body)
    const bytes = request ? replayBytes(request) : Number.POSITIVE_INFINITY
    if (!request || bytes > maxBytes / LEAST_KEPT) {
      group.mayKeep = false
      return
    }
    group.request = request
    keptBytes += bytes
    if (keptBytes > maxBytes) makeRoom()
  }

  /** From the least frequent up, and a quarter at once, so that the order is not asked for at every request. */
  function makeRoom(): void {
    const order = kinds.heaviest(clock.now())
    for (let at = order.length - 1; at >= 0 && keptBytes > maxBytes * ROOM; at--) release((order[at] as (typeof order)[number]).value)
  }

  return {
    listen,
    read(options = {}) {
      const top = countOf('top', options.top, DEFAULT_TOP)
      drain()
      return kinds
        .heaviest(clock.now())
        .slice(0, top)
        .map(({ id, value, recent }) => viewOf(sha256(id).slice(0, ID_LENGTH), value, recent))
    },
    popular(top) {
      if (!keepRequests)
        throw invalid(
          'patterns.keepRequests',
          'is not set, so there are no requests to send again: createLlmCache({ patterns: { keepRequests: true } })',
        )
      drain()
      const requests = kinds.heaviest(clock.now()).flatMap(({ value }) => value.request ?? [])
      return requests.slice(0, top)
    },
    forget(prefix) {
      // Everything may be removed to be made anew, and what was popular is popular all the same.
      if (prefix === '') return
      waiting = waiting.filter(({ key }) => !key.startsWith(prefix))
      for (const id of [...kinds.ids()]) if (id.startsWith(prefix)) kinds.delete(id)
      for (const key of [...kindOf.keys()]) if (key.startsWith(prefix)) kindOf.delete(key)
    },
  }
}

/** `counted`: its kind, where it was counted already and only its body is wanted. */
type Waiting = Lookedup & { readonly counted?: string }

/** `lc1.<partition digest>.<digest>`, as a cache key. */
function kindFor({ request, rule, key }: Lookedup, body: RequestBody): string {
  if (rule.normalize === 'loose' || (body.kind === 'bytes' && body.bytes.byteLength > MAX_FOLDED_BYTES)) return key
  const result = fingerprint({ ...fingerprintInput(request, rule, key.split('.')[1] as string, body), normalize: 'loose' })
  return result.kind === 'key' ? result.key : key
}

const KEYS_PER_GROUP = 4
const MAX_WAITING = 64
/** Longer requests differ anyway, and cost more to read again. */
const MAX_FOLDED_BYTES: number = 64 * 1024
const DEFAULT_TOP = 100
const ID_LENGTH = 22
/** No request is kept that is so large that fewer than this many of it would fit. */
const LEAST_KEPT = 16
const ROOM = 0.75
