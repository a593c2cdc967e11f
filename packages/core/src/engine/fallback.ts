/** What goes out where the origin fails: the answer that there was before, marked as stale (RFC 5861 section 4). */

import type { Entry } from '../entry/entry.js'
import type { CacheRequest, Reply } from '../exchange.js'
import { isThenable } from '../lib/deadline.js'
import type { Awaitable } from '../ports.js'
import type { Lookup } from '../stores/tiers.js'
import type { EngineContext } from './context.js'
import { hitReply } from './replies.js'

export interface OldAnswer {
  readonly entry: Entry
  /** @param status the origin's; undefined where it broke off without any */
  reply(status: number | undefined): Reply
}

export interface FallbackOptions {
  readonly request: CacheRequest
  readonly found: Extract<Lookup, { kind: 'found' }>
  readonly onSent: (reply: Reply) => void
}

/** Whether an answer with this status says that the model, or the way to it, failed: 429 and all of 5xx. */
export function isFailure(status: number): boolean {
  return status === 429 || status >= 500
}

/** Undefined, now or later, where its body cannot be decoded here. */
export function createFallback(context: EngineContext, { request, found, onSent }: FallbackOptions): Awaitable<OldAnswer | undefined> {
  const { entry } = found
  const { cache, clock, compression, store } = context

  function answerOf(plain: Entry): OldAnswer {
    return {
      entry,
      reply(status) {
        const reply = hitReply(plain, {
          name: cache.name,
          // At once: it comes late as it is.
          pace: 'instant',
          clock,
          now: clock.now(),
          ifNoneMatch: request.header('if-none-match'),
          acceptEncoding: undefined,
          source: store.tiered ? found.source : undefined,
          decode: (decoded) => decoded.body,
          stale: { reason: 'if-error', fwdStatus: status },
        }) as Reply
        onSent(reply)
        return reply
      },
    }
  }

  if (!entry.encoding) return answerOf(entry)
  const { encoding, ...rest } = entry
  const decoded = (body: Uint8Array): OldAnswer => answerOf({ ...rest, body })
  try {
    const body = compression.decode(entry)
    return isThenable(body) ? Promise.resolve(body).then(decoded, () => undefined) : decoded(body)
  } catch {
    return undefined
  }
}
