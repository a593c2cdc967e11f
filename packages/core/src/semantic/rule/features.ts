/** What the decision goes by: one row of numbers for a prompt and the entry nearest to it. No text, and nothing that leads back to one. */

import type { Calibration } from '../ports.js'
import type { Comparison } from '../text/compare.js'
import type { Evidence } from '../text/evidence.js'
import type { Standing } from './standing.js'

/** How two prompts differ in words. */
export type TextFeatures = Omit<Comparison, 'vetoes'>

/** Values times 32, so that a label takes 32 bytes wherever it is kept and reads the same everywhere: -4 to 3.97. */
export type Features = Int8Array

/**
 * Their names, in the order of `Features`; and of those that tell a difference in what is asked for, however alike the words are, the most
 * that a prior may weigh them. Sets of intents hold few questions that differ in a name or an opposite alone, so they say nothing against
 * such differences: an app has to show first that they do not matter to it.
 */
const FEATURES: readonly (readonly [name: string, most?: number])[] = [
  ['one'],
  ['cosine'],
  ['cosine squared'],
  ['margin'],
  ['lead'],
  ['vote'],
  ['groups'],
  ['group size'],
  ['backing'],
  ['telling'],
  ['unheard'],
  ['missing'],
  ['jaccard'],
  ['trigrams'],
  ['unmatched new'],
  ['unmatched old'],
  ['number conflict', -2],
  ['number extra', -0.5],
  ['negation', -2],
  ['antonym', -2],
  ['entity conflict', -2],
  ['entity extra', -0.5],
  ['reversed', -2],
  ['substitution', -0.5],
  ['substitutions'],
  ['extras'],
  ['question', -0.5],
  ['cosine x jaccard'],
  ['cosine x unmatched new'],
]

/** In the order of `Features`; a prior belongs to exactly these. */
export const FEATURE_NAMES: readonly string[] = FEATURES.map(([name]) => name)

/** Features that tell a difference in what is asked for, with the most that a prior may weigh them. */
export const DIFFERENCES: ReadonlyMap<string, number> = new Map(
  FEATURES.flatMap(([name, most]) => (most === undefined ? [] : [[name, most] as const])),
)

/** Names the list and its scales: labels and priors of another version are not read. */
export const FEATURES_VERSION = 2

/** @param groupSize entries in the group of the nearest */
export function featuresOf(
  standing: Standing,
  evidence: Evidence,
  groupSize: number,
  text: TextFeatures,
  { median, scale }: Calibration,
): Features {
  const cosine = (standing.nearest.similarity - median) / scale
  return quantized([
    1,
    cosine,
    (cosine * cosine) / 2,
    standing.margin / scale,
    standing.lead / scale,
    standing.vote,
    standing.groups / 8,
    Math.log1p(groupSize) / 3,
    evidence.backing,
    evidence.telling,
    evidence.unheard,
    evidence.missing,
    text.jaccard,
    text.trigrams,
    text.unmatchedNew,
    text.unmatchedOld,
    text.numberConflict,
    text.numberExtra,
    text.negation,
    text.antonym,
    text.entityConflict,
    text.entityExtra,
    text.reversed,
    text.substitution,
    text.substitutions / 3,
    text.extras / 3,
    text.question,
    cosine * text.jaccard,
    cosine * text.unmatchedNew,
  ])
}

function quantized(values: readonly number[]): Features {
  const features = new Int8Array(values.length)
  for (let at = 0; at < features.length; at++) {
    features[at] = Math.round(Math.max(-128, Math.min(127, (values[at] as number) * FEATURE_SCALE)))
  }
  return features
}

export const FEATURE_SCALE = 32
