// What a decision costs, embedding apart, how long learning holds the event loop, and whether namespaces keep apart.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as passed } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createRandom } from './random.mjs'
import {
  compareTexts,
  createAdaptivePolicy,
  createFrequencies,
  createLearners,
  createMemoryVectorIndex,
  evidenceOf,
  FEATURE_NAMES,
  featuresOf,
  matchable,
  profileOf,
  standingOf,
  systemClock,
} from './semantic-core.mjs'

const NEVER = Number.MAX_SAFE_INTEGER
const NEIGHBOURS = 16

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

/** Bytes in use, buffers and WebAssembly's memory among them, after everything else was let go. */
async function heldBytes() {
  await passed(0)
  collectGarbage()
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/**
 * Searching, comparing and deciding among `size` entries; us of wall time, and of CPU on average, which says more on a machine that has
 * other work; and bytes that the index has for each entry, ids included. The profiles of what is near are at hand, the prompt's is not.
 */
export async function decisionCost(texts, embedder, prior, size, queries) {
  const random = createRandom(7)
  const variants = ['', 'please ', 'hi, ', 'tell me ', 'question: ', 'can you say ', 'hello ', 'quick one: ', 'so ', 'ok ']
  const all = Array.from(
    { length: size + queries },
    (_, at) => variants[Math.floor(at / texts.length) % variants.length] + texts[at % texts.length],
  )
  shuffle(all, random)
  const empty = await heldBytes()
  const index = createMemoryVectorIndex({ maxVectors: size, maxBytes: 8e9 })
  for (let from = 0; from < size; from += 1000) {
    const part = all.slice(from, Math.min(size, from + 1000))
    const vectors = embedder.embed(part)
    index.add(
      'lc1.bench.n',
      vectors.map((vector, at) => ({ id: String(from + at), vector, deleteAt: NEVER })),
    )
  }
  const bytes = Math.round(((await heldBytes()) - empty) / size)
  const frequencies = createFrequencies()
  for (const text of all.slice(0, 5000)) frequencies.add(profileOf(text))
  const policy = createAdaptivePolicy({ maxErrorRate: 0.02, basis: 'hits', z: 2, prior, random, now: () => 0, by: 'bench' })
  const asked = all.slice(size)
  const vectors = embedder.embed(asked)
  const nearest = vectors.map((vector) => index.search('lc1.bench.n', vector, { k: NEIGHBOURS }))
  const profiles = new Map()
  for (const { id } of nearest.flat()) if (!profiles.has(id)) profiles.set(id, profileOf(all[Number(id)]))
  const witness = ({ id, similarity }) => ({ words: profiles.get(id), similarity })
  const decide = (at) => {
    const begun = process.hrtime.bigint()
    const matches = index.search('lc1.bench.n', vectors[at], { k: NEIGHBOURS })
    const found = process.hrtime.bigint()
    const profile = profileOf(asked[at])
    if (matchable(profile) === undefined && matches.length > 0) {
      const neighbours = matches.map(({ id, similarity }) => ({ id, similarity, group: id }))
      const standing = standingOf(neighbours, policy.considers)
      const { id, similarity } = standing.nearest
      const comparison = compareTexts(profile, profiles.get(id), frequencies)
      const evidence = evidenceOf(profile, standing.own.map(witness), standing.rivals.map(witness), frequencies)
      policy.decide({ features: featuresOf(standing, evidence, 1, comparison, embedder.calibration), similarity, entryId: id })
    }
    const done = process.hrtime.bigint()
    return { search: Number(found - begun) / 1000, rest: Number(done - found) / 1000, total: Number(done - begun) / 1000 }
  }
  for (let warming = 0; warming < queries; warming++) decide(warming)
  const before = process.cpuUsage()
  const times = asked.map((_, at) => decide(at))
  const { user, system } = process.cpuUsage(before)
  index.close()
  const of = (part) => {
    const values = times.map((each) => each[part])
    return { median: at(values, 0.5), p99: at(values, 0.99) }
  }
  return { search: of('search'), rest: of('rest'), total: of('total'), cpu: Number(((user + system) / queries).toFixed(1)), bytes }
}

/** A policy that has learnt from as many labels as are ever kept, after `each` 2000 of them, and what it learns from next. */
function learntPolicy(prior, each = () => {}) {
  const random = createRandom(11)
  const policy = createAdaptivePolicy({ maxErrorRate: 0.02, basis: 'hits', z: 2, prior, random, now: () => 0, by: 'bench' })
  const outcome = () => {
    const candidate = {
      features: Int8Array.from(FEATURE_NAMES, (_, at) => (at === 0 ? 32 : Math.round(64 * (random() + random() + random() - 1.5)))),
      similarity: 0.8,
      entryId: 'e',
    }
    return { candidate, decision: policy.decide(candidate), same: candidate.features[1] + 40 * (random() - 0.5) > 0 }
  }
  for (let round = 0; round < 6; round++) {
    for (let label = 0; label < 2000; label++) policy.learn(outcome())
    each(policy)
  }
  return { policy, outcome }
}

/** Slices of learning from as many labels as are ever kept; ms of CPU, of all threads: the collector's are among them. */
export function refitSlices(prior) {
  const slices = []
  let whole = 0
  learntPolicy(prior, (policy) => {
    const from = performance.now()
    for (let work = policy.work(), done = !work; !done; ) {
      const begun = process.cpuUsage()
      done = work.next().done
      const { user, system } = process.cpuUsage(begun)
      slices.push((user + system) / 1000)
    }
    whole = performance.now() - from
  })
  return { slices: slices.length, p99: at(slices, 0.99), longest: at(slices, 1), whole }
}

/**
 * How late timers are, in ms, while five domains learn all the time from as many labels as are ever kept, and while nobody does: that is
 * the machine's own part. In turns of a second; medians of these.
 */
export async function loopDelay(prior, pairs = 9) {
  const learnt = Array.from({ length: 5 }, () => learntPolicy(prior))
  let next = 0
  const records = { lasting: false, read: async () => [], write: async () => false }
  const learners = createLearners({ create: () => learnt[next++].policy, version: 'bench', records, clock: systemClock() })
  const rounds = { idle: [], learning: [] }
  for (let round = 0; round < pairs * 2; round++) {
    const isLearning = round % 2 === 1
    // What the last round began has ended.
    await passed(500)
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const end = performance.now() + 1000
    while (performance.now() < end) {
      for (const [domain, { outcome }] of isLearning ? learnt.entries() : []) learners.learn(`${domain}`, outcome())
      await passed(5)
    }
    delay.disable()
    rounds[isLearning ? 'learning' : 'idle'].push({ p99: delay.percentile(99) / 1e6, longest: delay.max / 1e6 })
  }
  await learners.close()
  // Medians: what disturbs the machine in one round is not learning's.
  const over = (each) => ({
    p99: at(
      each.map(({ p99 }) => p99),
      0.5,
    ),
    longest: at(
      each.map(({ longest }) => longest),
      0.5,
    ),
  })
  return { idle: over(rounds.idle), learning: over(rounds.learning) }
}

/** Lookups of random vectors in random namespaces that hold the same vectors; how often something of another namespace was found. */
export function crossings(lookups) {
  const random = createRandom(13)
  const [namespaces, each, dimensions] = [200, 100, 64]
  const pool = Array.from({ length: each }, () => Float32Array.from({ length: dimensions }, () => random() - 0.5))
  const index = createMemoryVectorIndex({ maxVectors: namespaces * each, maxBytes: 1e9 })
  const nameOf = (namespace) => `lc1.${namespace % 10}.${'n'.repeat(1 + (namespace % 3))}${namespace}`
  for (let namespace = 0; namespace < namespaces; namespace++) {
    const items = pool.map((vector, at) => ({ id: `${namespace}-${at}`, vector, deleteAt: NEVER }))
    index.add(nameOf(namespace), items)
  }
  let found = 0
  let crossed = 0
  for (let lookup = 0; lookup < lookups; lookup++) {
    const namespace = Math.floor(random() * namespaces)
    for (const { id } of index.search(nameOf(namespace), pool[Math.floor(random() * each)], { k: 3 })) {
      found++
      if (!id.startsWith(`${namespace}-`)) crossed++
    }
  }
  index.close()
  return { lookups, found, crossed }
}

function at(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return Number(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(2))
}

function shuffle(list, random) {
  for (let index = list.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1))
    ;[list[index], list[other]] = [list[other], list[index]]
  }
}
