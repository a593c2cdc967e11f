/** Settings that do nothing where they are, or that are right for few apps. Only what is certain from the settings alone. */

import type { ResolvedCache } from '../engine/cache-options.js'
import type { RuleInForce } from '../engine/precedence.js'
import type { OpenedTier } from '../stores/store.js'
import { bytes, duration } from './option-values.js'

export interface WarningContext {
  readonly inForce: RuleInForce
  readonly cache: Pick<ResolvedCache, 'maxEntryBytes'>
  readonly encrypted: boolean
  readonly stores: readonly OpenedTier[]
}

/** One sentence each, the names of options in backticks. */
export function warningsOf(context: WarningContext): readonly string[] {
  return [...policyWarnings(context), ...ruleWarnings(context), ...storeWarnings(context)]
}

function* policyWarnings({ inForce: { rule, policy, options } }: WarningContext): Iterable<string> {
  if (!rule.enabled) {
    const by = policy.because === 'NODE_ENV' || policy.because === 'LLM_CACHE_POLICY' ? `, by the environment's ${policy.because}` : ''
    yield `Nothing is cached: the policy is ${policy.extends ?? (policy.name === 'custom' ? 'development' : policy.name)}${by}.`
  }
  if (options.staleIfSlow !== undefined && rule.ifSlowMs === undefined) {
    yield "`staleIfSlow` rests: the environment's LLM_CACHE_POLICY sets `staleIfError` to 0."
  }
  if (options.sliding !== undefined && rule.slidingMs === undefined) {
    yield `\`sliding\` rests: the environment's LLM_CACHE_POLICY sets \`ttl\` to ${duration(rule.ttlMs)}, which is longer.`
  }
}

function* ruleWarnings({ inForce: { rule, options, sources } }: WarningContext): Iterable<string> {
  const { partition = 'private', credentials, controls } = options
  const forAllRoutes = (name: string): boolean => sources.get(name) === 'option' || sources.get(name) === 'policy'
  if (partition === 'shared' && forAllRoutes('partition')) {
    yield "`partition` is 'shared' for the whole cache: every caller gets what any other was answered. Right only where no route's answer depends on who asks."
  }
  if (rule.normalize === 'loose' && forAllRoutes('normalize')) {
    yield "`normalize` is 'loose' for the whole cache: prompts that differ by case or layout share answers. Wrong for code."
  }
  if (partition !== 'private' && (credentials?.headers ?? credentials?.ignore ?? credentials?.cookies) !== undefined) {
    yield "`credentials` name fields, which only `partition: 'private'` looks at."
  }
  if (!rule.controls.allowed.has('ttl') && (controls?.minTtl ?? controls?.maxTtl) !== undefined) {
    yield '`controls` clamp a `ttl` that they do not allow callers to send.'
  }
  if (rule.toolCalls === 'even-stale' && rule.retentionMs === 0) {
    yield "`toolCalls: 'even-stale'` is no more than `true` here: no answer is sent when stale."
  }
}

function* storeWarnings({ inForce: { rule }, cache, encrypted, stores }: WarningContext): Iterable<string> {
  if (encrypted && stores.every(({ store }) => store.inMemory)) {
    yield '`encryption` has nothing to encrypt: no store is outside this process.'
  }
  const largest = Math.max(...stores.map(({ store }) => store.limits.maxEntryBytes))
  if (largest < cache.maxEntryBytes) {
    yield `\`maxEntryBytes\` is ${bytes(cache.maxEntryBytes)}, and no store takes more than ${bytes(largest)}.`
  }
  const longest = Math.max(...stores.map(({ ttlMs, store }) => Math.min(ttlMs, store.limits.maxTtlMs ?? Number.POSITIVE_INFINITY)))
  if (!rule.ttlOf && longest < rule.ttlMs + rule.retentionMs) {
    yield `Answers are to be kept for ${duration(rule.ttlMs + rule.retentionMs)} (\`ttl\` and the time for use when stale), and no store keeps them longer than ${duration(longest)}.`
  }
  const firstSlow = stores.findIndex(({ store }) => !store.synchronous)
  const behind = firstSlow < 0 ? undefined : stores.slice(firstSlow).find(({ store }) => store.synchronous)
  if (behind) {
    yield `The store ${behind.name} answers at once and comes behind ${(stores[firstSlow] as OpenedTier).name}, which does not: the nearest belongs first.`
  }
}
