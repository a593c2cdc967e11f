/** Admission: whether a request is looked up at all, and under which key. Never throws: what goes wrong is a bypass and an event. */

import type { BypassReason, CacheRequest, Outcome, RequestBody } from '../exchange.js'
import { semanticKeyOf } from '../fingerprint/namespace.js'
import { readRequest } from '../fingerprint/reading.js'
import { chain } from '../lib/deadline.js'
import { once } from '../lib/once.js'
import { parseControls, type RequestControls } from '../policy/controls.js'
import type { PartitionResult } from '../policy/partition.js'
import type { Awaitable } from '../ports.js'
import type { EngineContext } from './context.js'
import { type DetachedTicket, NOT_ASKED } from './detached.js'
import { errorName } from './emitter.js'
import { createKeyTable, fingerprintInput } from './keys.js'
import { idleHandle, standBack } from './notes.js'
import type { Query } from './query.js'
import { CLIENT_LEFT, ownFields } from './replies.js'
import type { Rule } from './resolve.js'

export interface Admission {
  open(request: CacheRequest, rule: Rule): Awaitable<Outcome>
  /** Lets go of what was learnt about keys that begin with `prefix`. */
  forget(prefix: string): void
}

/**
 * @param answer what becomes of a request that is admitted
 * @param isDry nothing else is to come of it: no outer cache stands back, no request of this cache's own is taken for made
 */
export function createAdmission(
  context: Pick<EngineContext, 'cache' | 'clock' | 'detached' | 'emitter'>,
  isClosed: () => boolean,
  answer: (query: Query) => Awaitable<Outcome>,
  isDry = false,
): Admission {
  const { cache, clock, emitter } = context
  const keys = createKeyTable()
  const bypassHandle = idleHandle('BYPASS')

  /** Not ours: the response stays unmarked. */
  function ignore(request: CacheRequest, reason: BypassReason): Outcome {
    emitter.emit({ type: 'exchange-bypass', at: clock.now(), route: request.route, reason })
    return { kind: 'bypass', reason, headers: [], handle: bypassHandle }
  }

  function bypass(request: CacheRequest, reason: BypassReason): Outcome {
    emitter.emit({ type: 'exchange-bypass', at: clock.now(), route: request.route, reason })
    const headers = ownFields(cache.name, { fwd: 'bypass', detail: reason }, 'BYPASS', undefined, [])
    return { kind: 'bypass', reason, headers, handle: bypassHandle }
  }

  /** Ours if the app marked the route, else nobody's. */
  function refuse(request: CacheRequest, reason: BypassReason, marked = request.explicit): Outcome {
    return marked ? bypass(request, reason) : ignore(request, reason)
  }

  /** The client broke off while sending: there is nobody to run a handler for. */
  function gone(request: CacheRequest): Outcome {
    ignore(request, 'body-aborted')
    return { kind: 'replay', reply: CLIENT_LEFT, handle: bypassHandle }
  }

  function failed(request: CacheRequest, error: unknown): Outcome {
    emitter.emit({ type: 'internal-error', at: clock.now(), where: 'engine', errorName: errorName(error) })
    return bypass(request, 'internal-error')
  }

  function open(request: CacheRequest, rule: Rule): Awaitable<Outcome> {
    const ticket = isDry ? undefined : context.detached.take(request.mark)
    try {
      const outcome = admit(request, rule, ticket)
      const settled = ticket ? chain(outcome, (result) => settledBy(ticket, result)) : outcome
      return settled instanceof Promise ? settled.catch((error: unknown) => settledBy(ticket, failed(request, error))) : settled
    } catch (error) {
      return settledBy(ticket, failed(request, error))
    }
  }

  /** Who sent a request of our own hears that nothing is going to be recorded. */
  function settledBy(ticket: DetachedTicket | undefined, outcome: Outcome): Outcome {
    // What was settled before stays so.
    if (outcome.kind === 'bypass') ticket?.settle({ kind: 'failed', reason: outcome.reason })
    if (outcome.kind === 'replay') ticket?.settle(NOT_ASKED)
    return outcome
  }

  /** What can be decided from the head alone. */
  function admit(request: CacheRequest, rule: Rule, ticket: DetachedTicket | undefined): Awaitable<Outcome> {
    if (!isDry) standBack(request.outer)
    if (isClosed()) return ignore(request, 'closed')
    const { method } = request
    const marked = request.explicit || rule.when !== undefined
    if (!marked && method !== 'POST' && method !== 'QUERY') return ignore(request, 'method')
    if (!marked && !isJson(request.header('content-type'))) return ignore(request, 'not-llm')
    if (!rule.enabled) return refuse(request, 'policy', marked)
    if (method !== 'POST' && method !== 'QUERY' && method !== 'GET') return refuse(request, 'method')
    if (request.header('upgrade') !== undefined && method === 'GET') return ignore(request, 'upgrade')
    if (request.header('range') !== undefined) return refuse(request, 'range-request')
    const controls = parseControls((name) => request.header(name), rule.controls)
    if (!rule.when) return identify(request, rule, controls, request.explicit, ticket)
    return chain(rule.when(request), (wanted) => (wanted ? identify(request, rule, controls, true, ticket) : refuse(request, 'when')))
  }

  /** Partition, body and key. */
  function identify(
    request: CacheRequest,
    rule: Rule,
    controls: RequestControls,
    explicit: boolean,
    ticket: DetachedTicket | undefined,
  ): Awaitable<Outcome> {
    return chain(request.body(rule.maxBodyBytes), (body) => {
      if (body.kind === 'unreadable' && body.reason === 'body-aborted') return gone(request)
      const encoding = request.header('content-encoding')
      const readable: RequestBody =
        encoding && encoding.toLowerCase() !== 'identity' ? { kind: 'unreadable', reason: 'body-encoded' } : body
      return chain(rule.partition(request), (partition: PartitionResult) => {
        if (partition.kind === 'bypass') return bypass(request, partition.reason)
        const input = fingerprintInput(request, rule, partition.digest, readable)
        const read = once(() => readRequest(input))
        const result = keys.keyOf(input, read)
        if (result.kind === 'bypass') return refuse(request, result.reason, explicit)
        const { key, shape } = result
        if (!explicit && shape.kind === 'opaque') return ignore(request, 'not-llm')
        if (controls.noStore) return bypass(request, 'request-no-store')
        const needsModelCall = !explicit && shape.kind === 'generic'
        const semanticKey = rule.semantic && !controls.exactOnly ? once(() => semanticKeyOf(input, read())) : undefined
        const owner = once(() => ownerOf(rule.owner?.(request)))
        const caller = rule.owner ? owner : () => partition.digest
        const query: Query = { request, rule, controls, key, shape, needsModelCall, semanticKey, caller, owner, ticket }
        return answer(query)
      })
    })
  }

  return { open, forget: keys.forget }
}

/** Callers are told apart by their credentials, which are at hand. */
function ownerOf(partition: PartitionResult | Promise<PartitionResult> | undefined): string | undefined {
  return partition !== undefined && 'kind' in partition && partition.kind === 'ok' ? partition.digest : undefined
}

function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^\s*application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType)
}
