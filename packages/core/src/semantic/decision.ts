/** A decision of the semantic layer, as people look at it. */

import type { SemanticDecision } from '../events.js'
import type { Finding } from './finding.js'
import { FEATURE_NAMES, FEATURE_SCALE } from './rule/features.js'

export function decisionOf({ match, reason, considered }: Finding): SemanticDecision {
  const { decision, candidate } = considered ?? {}
  return {
    outcome: match ? 'hit' : (reason ?? 'unsure'),
    entryId: considered?.entryId,
    similarity: considered?.similarity,
    vetoes: considered?.vetoes ?? [],
    probability: decision?.probability,
    threshold: decision?.threshold,
    error: decision?.error,
    features:
      candidate && Object.fromEntries(FEATURE_NAMES.map((name, index) => [name, (candidate.features[index] as number) / FEATURE_SCALE])),
  }
}
