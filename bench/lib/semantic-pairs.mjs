// Minimal pairs and paraphrases before a policy that has learnt on a stream: what of them would be answered with the other's answer.

import { minimalPairs, paraphrases } from './minimal-pairs.mjs'
import {
  compareTexts,
  createAdaptivePolicy,
  createFrequencies,
  evidenceOf,
  featuresOf,
  matchable,
  profileOf,
  standingOf,
} from './semantic-core.mjs'
import { runStream } from './semantic-stream.mjs'

const ALIKE = 0.85
const NEIGHBOURS = 16

/**
 * @param set what the policy learns on, and what else is cached
 * @returns for minimal pairs and paraphrases: how many there are, how many with a cosine of 0.85 and more, and what would be served
 */
export function judgePairs(set, embedder, prior, bound, seed, each) {
  let policy
  const createPolicy = (given) => {
    policy = createAdaptivePolicy({ ...given, ...bound, prior, by: 'bench' })
    return policy
  }
  runStream(set, { createPolicy, seed })
  const frequencies = createFrequencies()
  for (const { profile } of set.prompts.slice(0, 5000)) frequencies.add(profile)
  const others = set.prompts.slice(0, 1000)
  const vectors = embedder.embed(others.map(({ text }) => text))
  return { minimal: served(minimalPairs(seed, each)), same: served(paraphrases(seed, Math.ceil(each * 1.3))) }

  function served(pairs) {
    const counts = { pairs: pairs.length, served: 0, alike: 0, alikeServed: 0, vetoed: 0, byKind: {} }
    for (const { kind, texts } of pairs) {
      const [old, fresh] = texts.map((text) => profileOf(text))
      const [oldVector, freshVector] = embedder.embed(texts)
      const similarity = cosine(oldVector, freshVector)
      const alike = similarity >= ALIKE
      counts.byKind[kind] ??= { pairs: 0, served: 0 }
      const byKind = counts.byKind[kind]
      byKind.pairs++
      if (alike) counts.alike++
      if (matchable(fresh) !== undefined || matchable(old) !== undefined) continue
      const neighbours = [
        { id: 'old', similarity, group: 'old', profile: old },
        ...vectors.map((vector, at) => ({
          id: String(at),
          similarity: cosine(vector, freshVector),
          group: others[at].label,
          profile: others[at].profile,
        })),
      ].sort((a, b) => b.similarity - a.similarity)
      const standing = standingOf(neighbours.slice(0, NEIGHBOURS), policy.considers)
      if (standing.nearest.id !== 'old') continue
      const comparison = compareTexts(fresh, old, frequencies)
      if (comparison.vetoes.length > 0) {
        counts.vetoed++
        continue
      }
      const witness = (each) => ({ words: each.profile, similarity: each.similarity })
      const evidence = evidenceOf(fresh, standing.own.map(witness), standing.rivals.map(witness), frequencies)
      const features = featuresOf(standing, evidence, 1, comparison, embedder.calibration)
      if (policy.decide({ features, similarity, entryId: 'old' }).action === 'ask') continue
      counts.served++
      byKind.served++
      if (alike) counts.alikeServed++
    }
    return counts
  }
}

/** Of vectors of length 1. */
function cosine(a, b) {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += a[at] * b[at]
  return sum
}
