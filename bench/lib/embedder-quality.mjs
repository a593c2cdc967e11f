// How well an embedder tells equal questions from others, without any policy.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { nearestOfAll } from './semantic-neighbours.mjs'
import { seeded } from './trace.mjs'

const HARD = 5

/**
 * Question pairs of QQP, half of them marked as duplicates. The set holds duplicates alone: a pair of the other half is a question with one of
 * the five others that share most of its words (Jaccard) and are not marked as equal, directly or through others. Some of these are
 * duplicates that nobody marked, so that no embedder reaches 1; figures compare with each other, not with those of the labelled QQP.
 */
export function questionPairs(directory, each, seed) {
  const { duplicates, texts, clusterOf } = readDuplicates(directory)
  const random = seeded(seed)
  const pick = (list) => list[Math.floor(random() * list.length)]
  const words = texts.map((text) => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []))
  const having = new Map()
  for (const [at, set] of words.entries()) {
    for (const word of set) {
      const list = having.get(word)
      if (list) list.push(at)
      else having.set(word, [at])
    }
  }
  const pairs = Array.from({ length: each }, () => ({ pair: pick(duplicates), equal: true }))
  while (pairs.length < 2 * each) {
    const at = Math.floor(random() * texts.length)
    const shared = new Map()
    for (const word of words[at]) for (const other of having.get(word)) shared.set(other, (shared.get(other) ?? 0) + 1)
    const others = [...shared]
      .map(([other, both]) => ({ other, overlap: both / (words[at].size + words[other].size - both) }))
      .filter(({ other }) => clusterOf(texts[other]) !== clusterOf(texts[at]))
      .sort((a, b) => b.overlap - a.overlap)
      .slice(0, HARD)
    if (others.length > 0) pairs.push({ pair: [texts[at], texts[pick(others).other]], equal: false })
  }
  return pairs
}

/** Area under the ROC curve: how often an equal pair has the higher cosine of the two (ties count half). */
export function areaUnderCurve(scored) {
  const sorted = scored.toSorted((a, b) => a.cosine - b.cosine)
  let ranks = 0
  for (let at = 0; at < sorted.length; ) {
    let end = at
    while (end < sorted.length && sorted[end].cosine === sorted[at].cosine) end++
    for (let tied = at; tied < end; tied++) if (sorted[tied].equal) ranks += (at + 1 + end) / 2
    at = end
  }
  const equal = scored.filter((one) => one.equal).length
  return (ranks - (equal * (equal + 1)) / 2) / (equal * (scored.length - equal))
}

/**
 * Each question's nearest among all others: how often it wants the same answer, and of how many that is so at the cosine from which on
 * 98 % do. And the spread of these cosines, as a calibration has it.
 */
export function nearestNeighbours(vectors, labels) {
  const { indexes, cosines } = nearestOfAll(vectors, 1, -1)
  const found = Array.from(indexes, (other, at) => ({ cosine: cosines[at], equal: labels[other] === labels[at] }))
  const best = found.toSorted((a, b) => b.cosine - a.cosine)
  let wrong = 0
  let covered = 0
  let threshold = 1
  for (const [at, { cosine, equal }] of best.entries()) {
    if (!equal) wrong += 1
    if (at >= 20 && wrong <= (at + 1) * 0.02) {
      covered = at + 1
      threshold = cosine
    }
  }
  const [low, median, high] = [0.9, 0.5, 0.1].map((share) => best[Math.floor(share * best.length)].cosine)
  return {
    accuracy: found.filter(({ equal }) => equal).length / found.length,
    covered: covered / found.length,
    threshold,
    median,
    scale: (high - low) / 2,
  }
}

function readDuplicates(directory) {
  const tar = gunzipSync(readFileSync(join(directory, 'qqp', 'similiar_qqp.json.gz'))).toString('utf8')
  const duplicates = JSON.parse(tar.slice(tar.indexOf('['), tar.lastIndexOf(']') + 1)).map(({ origin, similar }) => [origin, similar])
  const parent = new Map(duplicates.flat().map((text) => [text, text]))
  const clusterOf = (text) => {
    let at = text
    while (parent.get(at) !== at) at = parent.get(at)
    parent.set(text, at)
    return at
  }
  for (const [one, other] of duplicates) parent.set(clusterOf(one), clusterOf(other))
  return { duplicates, texts: [...parent.keys()], clusterOf }
}
