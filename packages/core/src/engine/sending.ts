/** Sending entries: fresh as hits, stale ones with the reason why, each with its event. */

import { FrameError } from '../errors.js'
import type { StaleReason } from '../events.js'
import type { Outcome, Reply } from '../exchange.js'
import { ageMs, remainingMs } from '../freshness.js'
import { isThenable } from '../lib/deadline.js'
import type { Awaitable } from '../ports.js'
import type { Finding, SemanticMatch } from '../semantic/finding.js'
import type { EngineContext } from './context.js'
import { idleHandle } from './notes.js'
import type { Found, Query } from './query.js'
import { hitReply } from './replies.js'
import type { Sliding } from './sliding.js'
import type { Lookedup } from './traffic.js'

type Entryful = Pick<Found, 'entry' | 'source'> & { readonly semantic?: SemanticMatch; readonly finding?: Finding }

export interface Sending {
  hit(query: Query, found: Entryful): Awaitable<Outcome>
  /** @param fwdStatus what the origin answered, where it was asked */
  stale(query: Query, found: Entryful, reason: StaleReason, fwdStatus?: number): Awaitable<Outcome>
  /** The answer to another prompt that means the same. */
  semantic(query: Query, finding: Finding, match: SemanticMatch): Awaitable<Outcome>
  /** An entry went out as `reply`: tells everybody. */
  sent(query: Query, found: Entryful, reply: Reply, reason: StaleReason | undefined): void
  /** Tells those who learn from the traffic. */
  tell(query: Query, outcome: Lookedup['outcome'], entry?: Found['entry']): void
}

/**
 * @param sliding hears of each hit
 * @param onDamaged the entry's body cannot be decoded here
 */
export function createSending(context: EngineContext, sliding: Sliding, onDamaged: (query: Query) => Awaitable<Outcome>): Sending {
  const { cache, store, clock, emitter } = context
  const { decode } = context.compression
  const hitHandle = idleHandle('HIT')
  const staleHandle = idleHandle('STALE')

  function hit(query: Query, found: Entryful): Awaitable<Outcome> {
    if (query.semanticKey) context.semantic?.met(found.entry)
    return send(query, found, remainingMs(found.entry, clock.now()) > 0 ? undefined : 'max-stale', undefined)
  }

  function stale(query: Query, found: Entryful, reason: StaleReason, fwdStatus?: number): Awaitable<Outcome> {
    return send(query, found, reason, fwdStatus)
  }

  function send(query: Query, found: Entryful, reason: StaleReason | undefined, fwdStatus: number | undefined): Awaitable<Outcome> {
    const { request, rule } = query
    const now = clock.now()
    const acceptEncoding = request.header('accept-encoding')
    context.compression.observe(acceptEncoding)
    const ifNoneMatch = request.header('if-none-match')
    const source = store.tiered ? found.source : undefined
    const status = reason && { reason, fwdStatus }
    const options = {
      name: cache.name,
      pace: rule.replay,
      clock,
      now,
      ifNoneMatch,
      acceptEncoding,
      source,
      decode,
      stale: status,
      semantic: found.semantic,
    }
    try {
      const reply = hitReply(found.entry, options)
      if (!isThenable(reply)) return replay(query, found, reply, reason)
      return Promise.resolve(reply).then(
        (late) => replay(query, found, late, reason),
        (error: unknown) => damaged(query, found, error),
      )
    } catch (error) {
      return damaged(query, found, error)
    }
  }

  function replay(query: Query, found: Entryful, reply: Reply, reason: StaleReason | undefined): Outcome {
    sent(query, found, reply, reason)
    const handle = found.finding ? idleHandle('SEMANTIC-HIT', found.finding) : reason ? staleHandle : hitHandle
    return { kind: 'replay', reply, handle }
  }

  function sent(query: Query, { entry, source, semantic }: Entryful, reply: Reply, reason: StaleReason | undefined): void {
    const { request, shape } = query
    const now = clock.now()
    emitter.emit({
      type: 'lookup-hit',
      at: now,
      route: request.route ?? entry.meta.route,
      provider: shape.provider,
      model: shape.model ?? entry.meta.model,
      entryId: entry.id,
      store: source,
      ageMs: ageMs(entry, now),
      bytes: entry.body.byteLength,
      usage: entry.meta.usage,
      originMs: entry.meta.originMs,
      notModified: reply.status === 304,
      stale: reason,
      ...(semantic && { semantic: { similarity: semantic.similarity, probability: semantic.probability, error: semantic.error } }),
    })
    tell(query, reason ? 'stale' : 'hit', entry)
    if (!reason) sliding.hit(entry, query.rule)
  }

  function tell({ request, rule, key, shape, ticket }: Query, outcome: Lookedup['outcome'], entry?: Found['entry']): void {
    if (ticket || context.traffic.length === 0) return
    const looked: Lookedup = { request, rule, key, shape, outcome, entry }
    for (const listener of context.traffic) listener(looked)
  }

  /** A miss, whose answer replaces it. Other processes may have what it takes, so it stays until then. */
  function damaged(query: Query, { source }: Entryful, error: unknown): Awaitable<Outcome> {
    const reason = error instanceof FrameError ? error.reason : 'coding'
    emitter.emit({ type: 'entry-damaged', at: clock.now(), store: source, reason })
    return onDamaged(query)
  }

  function semantic(query: Query, finding: Finding, match: SemanticMatch): Awaitable<Outcome> {
    return send(query, { entry: match.entry, source: match.source, semantic: match, finding }, undefined, undefined)
  }

  return { hit, stale, semantic, sent, tell }
}
