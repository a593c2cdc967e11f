/** The handle: how a handler speaks to the cache about its own answer. */

import type { SemanticDecision, Usage } from '../events.js'
import type { Duration } from '../lib/duration.js'

/** What became of the exchange, as in the `x-llm-cache` field. */
export type OutcomeLabel = 'HIT' | 'SEMANTIC-HIT' | 'STALE' | 'MISS' | 'BYPASS' | 'COLLAPSED'

/**
 * `res.locals.llmCache` (Express), `ctx.state.llmCache` (Koa), `c.get('llmCache')` (Hono).
 * Always there behind the middleware; on anything but a MISS the setters do nothing, for there is nothing to store.
 *
 * @example
 * app.post('/chat', llmCache(), async (req, res) => {
 *   res.locals.llmCache.tag('docs:v3').ttl('10m')
 *   if (req.body.sendEmail) res.locals.llmCache.skip('has side effects')
 * })
 */
export interface CacheHandle {
  readonly outcome: OutcomeLabel
  /** What was decided about prompts that mean the same; undefined where nobody looked: an exact hit, a route with `strategy: 'exact'`. */
  readonly semantic: SemanticDecision | undefined
  /** Adds tags to the entry. Each 1 to 200 characters. @throws OptionError on anything else */
  tag(...tags: string[]): CacheHandle
  /**
   * Says what the answer is made from: ids of documents, of prompt templates, of other answers (`x-llm-cache-id`). Invalidating any of
   * them, or what such an answer depends on in its turn, retires this answer. Each 1 to 200 characters. @throws OptionError on
   * anything else
   */
  dependsOn(...ids: string[]): CacheHandle
  /** Freshness lifetime of this answer instead of the configured one. @throws OptionError on an invalid duration */
  ttl(duration: Duration): CacheHandle
  /**
   * Do not store this answer; called before the first byte, simultaneous askers run the handler themselves. The reason is the app's
   * own text, of which the event carries 100 characters: keep private data out of it.
   */
  skip(reason?: string): CacheHandle
  /** What the model billed, where the answer's own shape does not tell. */
  usage(usage: Usage): CacheHandle
}
