/** Recommendations from counts. Pure: the same counts give the same words. */

import type { SkipReason } from '../events.js'
import type { Estimate, ExactAnalysis, SemanticAnalysis } from './analysis.js'
import type { CacheStats } from './stats.js'

/** What to do, stable and safe as a label. */
export type RecommendationCode =
  /** Few requests were counted; there is nothing else to say yet. */
  | 'wait'
  | 'choose-policy'
  | 'name-partition'
  | 'mend-store'
  | 'limit-controls'
  | 'verify-streams'
  | 'store-answers'
  | 'collapse'
  | 'add-room'
  | 'lengthen-ttl'
  | 'share-partition'
  | 'loosen-normalize'
  | 'add-judge'
  | 'drop-semantic'
  | 'cheaper-judge'
  | 'lower-error-rate'
  /** Hardly any request comes twice, in whatever form. */
  | 'expect-little'

export interface Recommendation {
  readonly code: RecommendationCode
  /** One or two sentences with the counts they rest on. */
  readonly text: string
}

export interface Facts {
  readonly stats: Omit<CacheStats, 'shared' | 'preload'>
  readonly exact: ExactAnalysis
  readonly semantic: SemanticAnalysis
  /** Misses within a second of an equal one, where collapsing is off. */
  readonly simultaneous: Estimate
}

/** Requests, and misses in the sample, below which nothing is said of shares. */
const LEAST = 100

export function recommend(facts: Facts): readonly Recommendation[] {
  const lookups = facts.exact.hits + facts.exact.collapsed + facts.exact.misses
  const found = RULES.flatMap(([code, least, textOf]): Recommendation[] => {
    const enough =
      least === 'requests'
        ? lookups + bypassed(facts, 'policy', 'no-partition', 'partition-failed')
        : least === 'lookups'
          ? lookups
          : facts.exact.sampled
    const text = enough >= LEAST ? textOf(facts) : undefined
    return text === undefined ? [] : [{ code, text }]
  })
  if (found.length > 0) return found
  if (lookups < LEAST) return [{ code: 'wait', text: `${lookups} requests were looked up so far; ask again after ${LEAST}.` }]
  const { exact } = facts
  if (lookups < 10 * LEAST || exact.hitRate >= 0.05 || exact.loosened.high >= 0.05 || exact.shared.high >= 0.05) return []
  return [
    {
      code: 'expect-little',
      text: `${percent(exact.hitRate)} of ${lookups} requests were hits, and hardly any of the others came twice in any form. There is little to cache here by exact requests.`,
    },
  ]
}

/** Not for anybody to change: the app said so, no model was asked, the caller left; or said by another rule. */
const INTENDED: ReadonlySet<SkipReason> = new Set<SkipReason>([
  'handler-skip',
  'superseded',
  'ttl-zero',
  'complete-check',
  'no-model-call',
  'client-gone',
  'invalidated',
  'unverified',
])

/** What a rule counts, and its text where it applies. */
type RecommendationRule = readonly [
  code: RecommendationCode,
  least: 'requests' | 'lookups' | 'sample',
  textOf: (facts: Facts) => string | undefined,
]

const RULES: readonly RecommendationRule[] = [
  [
    'add-judge',
    'lookups',
    ({ semantic }) => {
      if (!semantic.configured || semantic.undecided < 50 || semantic.undecided < 0.5 * semantic.lookups) return undefined
      return `No judge could compare ${semantic.undecided} answers, so hardly anything is learnt. Give \`semantic.judge\` an llmJudge() or a function.`
    },
  ],
  [
    'lower-error-rate',
    'lookups',
    ({ semantic }) => {
      if (!semantic.configured || semantic.audited.low < 0.05) return undefined
      return `${semantic.audited.count} of ${semantic.audits} audited answers were wrong for the prompt that they were to be sent for. Lower \`semantic.maxErrorRate\`, or use \`strategy: 'exact'\` there.`
    },
  ],
  [
    'drop-semantic',
    'lookups',
    ({ semantic }) => {
      if (!semantic.configured || semantic.lookups < 2000 || semantic.hitRate >= 0.01) return undefined
      return `${semantic.hits} of ${semantic.lookups} comparisons found an answer: prompts here hardly ever mean the same. \`strategy: 'exact'\` saves the embedding of each miss.`
    },
  ],
  [
    'cheaper-judge',
    'lookups',
    ({ semantic }) => {
      if (!semantic.configured || semantic.judging.calls < LEAST || semantic.judging.usd <= semantic.saved.usd) return undefined
      const { judging, saved } = semantic
      return `${judging.calls} judgements cost ${dollars(judging.usd)}, and answers to prompts that mean the same saved ${dollars(saved.usd)}. A smaller model will mostly do as \`semantic.judge\`; unless traffic is new and the saving still grows.`
    },
  ],
  [
    'choose-policy',
    'requests',
    (facts) => {
      const off = bypassed(facts, 'policy')
      if (off < half(facts)) return undefined
      return `The policy in force caches nothing: ${off} requests went by. Set \`policy\`, or LLM_CACHE_POLICY.`
    },
  ],
  [
    'name-partition',
    'requests',
    (facts) => {
      const lost = bypassed(facts, 'no-partition', 'partition-failed')
      if (lost === 0 || lost < 0.1 * (lookupsOf(facts) + lost)) return undefined
      return `${lost} requests were not cached, since the function \`partition\` returned nothing for them or failed.`
    },
  ],
  [
    'mend-store',
    'lookups',
    ({ exact: { missReasons, misses } }) => {
      const failed = missReasons['store-failed'] ?? 0
      if (failed === 0 || failed < 0.05 * misses) return undefined
      return `${failed} of ${misses} misses are the store's: it failed or did not answer in time. See the events \`store-failed\`, and \`storeTimeout\`.`
    },
  ],
  [
    'limit-controls',
    'lookups',
    ({ exact: { missReasons, misses } }) => {
      const asked = missReasons['request-directive'] ?? 0
      if (asked < 20 || asked < 0.2 * misses) return undefined
      return `${asked} of ${misses} misses were asked for by callers (\`no-cache\`, \`max-age\`). If they should not: \`controls: { allow: [...] }\`.`
    },
  ],
  [
    'verify-streams',
    'lookups',
    (facts) => {
      const unverified = facts.stats.skipped.unverified ?? 0
      const ended = endedOf(facts)
      if (unverified < 10 || unverified < 0.1 * ended) return undefined
      return `${unverified} of ${ended} answers were streams whose end nothing proves, and were not stored. Say when one is whole with \`complete\`, or name the model API in \`upstream\`.`
    },
  ],
  [
    'store-answers',
    'lookups',
    (facts) => {
      const { skipped } = facts.stats
      const reasons = (Object.keys(skipped) as SkipReason[]).filter((reason) => !INTENDED.has(reason))
      const lost = reasons.reduce((sum, reason) => sum + (skipped[reason] ?? 0), 0)
      const ended = endedOf(facts)
      if (lost < 20 || lost < 0.2 * ended) return undefined
      const [most] = reasons.sort((a, b) => (skipped[b] ?? 0) - (skipped[a] ?? 0) || (a < b ? -1 : 1))
      return `${lost} of ${ended} answers were not stored, most of them for the reason \`${most}\` (${skipped[most as SkipReason]}). docs/troubleshooting.md says what to do about each.`
    },
  ],
  [
    'collapse',
    'sample',
    ({ simultaneous }) =>
      simultaneous.low >= 0.02
        ? `${shareOf(simultaneous)} of the misses came within a second of an equal one, on routes with \`collapse: false\`. Collapsing would answer them with one call of the model.`
        : undefined,
  ],
  [
    'add-room',
    'lookups',
    ({ stats: { evictions, stored } }) =>
      evictions >= 20 && evictions >= 0.2 * stored
        ? `${evictions} entries had to go for others (${stored} were stored). Raise \`maxEntries\` and \`maxBytes\`, or put a larger store behind.`
        : undefined,
  ],
  [
    'lengthen-ttl',
    'lookups',
    ({ exact: { missReasons, misses } }) => {
      const expired = missReasons.expired ?? 0
      if (expired < 20 || expired < 0.2 * misses) return undefined
      return `${expired} of ${misses} misses found an answer that was too old. A longer \`ttl\` answers them; \`staleWhileRevalidate\` does as well, and fetches a new answer meanwhile.`
    },
  ],
  [
    'share-partition',
    'sample',
    ({ exact: { shared } }) =>
      shared.low >= 0.05
        ? `${shareOf(shared)} of the misses are what another caller asked before. If answers do not depend on who asks: \`partition: 'shared'\`, or a function that names who may share. If it was the same caller with a field that changes: \`credentials\`.`
        : undefined,
  ],
  [
    'loosen-normalize',
    'sample',
    ({ exact: { loosened } }) =>
      loosened.low >= 0.02
        ? `${shareOf(loosened)} of the misses differ from an earlier request of the same caller only by case, layout, sampling parameters or defaults. \`normalize: 'loose'\` would answer them; never for code.`
        : undefined,
  ],
]

function lookupsOf({ exact: { hits, collapsed, misses } }: Facts): number {
  return hits + collapsed + misses
}

/** Answers that came to their end, stored or not. */
function endedOf({ stats: { stored, skipped } }: Facts): number {
  return Object.values(skipped).reduce((sum, count) => sum + count, stored)
}

function bypassed({ stats: { bypasses } }: Facts, ...reasons: readonly (keyof CacheStats['bypasses'])[]): number {
  return reasons.reduce((sum, reason) => sum + (bypasses[reason] ?? 0), 0)
}

function half(facts: Facts): number {
  return Math.max(1, (lookupsOf(facts) + bypassed(facts, 'policy')) / 2)
}

function shareOf({ share = 0, low, high }: Estimate): string {
  return `${percent(share)} (${percent(low)} to ${percent(high)})`
}

function dollars(usd: number): string {
  return `$${usd.toFixed(usd < 1 ? 4 : 2)}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`
}
