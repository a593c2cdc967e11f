/** What goes out where the origin fails: the answer that there was before, marked as stale (RFC 5861 section 4). */

import type { Entry } from '../entry/entry.js'
import type { CacheRequest, Reply } from '../exchange.js'
import { isThenable } from '../lib/deadline.js'
import type { Lookup } from '../stores/tiers.js'
import type { EngineContext } from './context.js'
import { hitReply } from './replies.js'

export interface OldAnswer {
  readonly entry: Entry
  /** @param status the origin's; undefined where it broke off without any. Undefined: the answer is not to be had. */
  reply(status: number | undefined): Reply | undefined
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

/** A body that has to be decoded is decoded while the origin is asked, so that nobody waits for it when it is needed. */
export function createFallback(context: EngineContext, { request, found, onSent }: FallbackOptions): OldAnswer {
  const { entry } = found
  const { cache, clock, compression, store } = context
  let plain: Entry | undefined = entry.encoding ? undefined : entry
  if (entry.encoding) {
    const keep = (body: Uint8Array): void => {
      const { encoding, ...rest } = entry
      plain = { ...rest, body }
    }
    try {
      const body = compression.decode(entry)
      if (isThenable(body)) void Promise.resolve(body).then(keep, () => undefined)
      else keep(body)
    } catch {
      // Not to be had: what the origin says goes out.
    }
  }
  return {
    entry,
    reply(status) {
      if (!plain) return undefined
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
