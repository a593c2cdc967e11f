// What the guards refuse: of minimal pairs (all of them would be wrong answers), of paraphrases (none would), and of real
// questions that want one answer. See docs/guards.md.
//
//   npm run bench -- pairs [--seed=1] [--each=150] [--data=<folder>] [--show=<kind>]

import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { minimalPairs, paraphrases } from './lib/minimal-pairs.mjs'
import { table } from './lib/rounds.mjs'
import { loadSet, SET_NAMES } from './lib/semantic-data.mjs'

const { values: args } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    each: { type: 'string', default: '150' },
    data: { type: 'string', default: '' },
    show: { type: 'string', default: '' },
    core: { type: 'string', default: new URL('../packages/core/dist/', import.meta.url).pathname },
  },
})
const load = async (name) => import(pathToFileURL(`${args.core}semantic/text/${name}.js`).href)
const { profileOf } = await load('profile')
const { compareTexts } = await load('compare')
const { createFrequencies } = await load('frequencies')
const { matchable } = await load('eligibility')
const { asksForFresh } = await load('router')

/** From this overlap on, two questions are so alike that an embedder may well take them for one. */
const ALIKE = 0.5
const CONFLICTS = ['numberConflict', 'negation', 'antonym', 'entityConflict', 'reversed', 'substitution', 'question']
const frequencies = createFrequencies()
const seed = Number(args.seed)

const wrong = byKind(minimalPairs(seed, Number(args.each)))
const right = byKind(paraphrases(seed, Math.ceil(Number(args.each) * 1.3)))
console.log(`minimal pairs, seed ${seed}: refused by a guard, or at least marked by a feature (${CONFLICTS.join(', ')})\n`)
print(wrong)
console.log('\nparaphrases: the same; here a refusal is a lost hit\n')
print(right)
const sets = args.data === '' ? [] : real(args.data)
if (sets.length > 0) {
  console.log(
    `\nreal questions that want one answer, overlap (jaccard) ${ALIKE} and more; refused, and by which guards, in %; asked in vain: router\n`,
  )
  console.log(
    table([
      ['set', 'pairs', 'refused', 'guards', 'too short', 'router'],
      ...sets.map((set) => [set.set, set.pairs, set.vetoed, shares(set.guards), set.tooShort, shares(set.router)].map(String)),
    ]),
  )
}
console.log(
  `RESULT ${JSON.stringify({
    bench: 'pairs',
    seed,
    minimalPairs: total(wrong),
    paraphrases: total(right),
    minimalPairsByKind: wrong,
    paraphrasesByKind: right,
    sets,
  })}`,
)

function byKind(pairs) {
  const kinds = new Map()
  for (const { kind, texts } of pairs) {
    const figures = kinds.get(kind) ?? { kind, pairs: 0, vetoed: 0, marked: 0, guards: {} }
    const comparison = compareTexts(...texts.map(profileOf), frequencies)
    const vetoed = comparison.vetoes.length > 0
    const marked = vetoed || CONFLICTS.some((name) => comparison[name] > 0)
    figures.pairs++
    if (vetoed) figures.vetoed++
    if (marked) figures.marked++
    for (const { guard } of comparison.vetoes) figures.guards[guard] = (figures.guards[guard] ?? 0) + 1
    kinds.set(kind, figures)
    if (args.show === kind)
      console.log(
        vetoed ? 'refused' : marked ? 'marked' : 'PASSED',
        texts.join(' | '),
        comparison.vetoes.map(({ guard }) => guard).join(' '),
      )
  }
  return [...kinds.values()]
}

function print(kinds) {
  const sum = total(kinds)
  console.log(
    table([
      ['kind', 'pairs', 'refused', 'refused or marked', 'guards'],
      ...kinds.map(({ kind, pairs, vetoed, marked, guards }) => [
        kind,
        String(pairs),
        percent(vetoed, pairs),
        percent(marked, pairs),
        Object.keys(guards).join(' '),
      ]),
      ['all', String(sum.pairs), `${sum.vetoed} %`, `${sum.marked} %`, ''],
    ]),
  )
}

function total(kinds) {
  const sum = (name) => kinds.reduce((all, figures) => all + figures[name], 0)
  return { pairs: sum('pairs'), vetoed: share(sum('vetoed'), sum('pairs')), marked: share(sum('marked'), sum('pairs')) }
}

function real(folder) {
  return SET_NAMES.map((name) => {
    const profiles = new Map()
    for (const { text, label } of loadSet(folder, name)) profiles.set(label, [...(profiles.get(label) ?? []), profileOf(text)])
    return figuresOf(name, [...profiles.values()].flat(), withinGroups([...profiles.values()]))
  })
}

function* withinGroups(groups) {
  for (const group of groups)
    for (const [at, fresh] of group.entries()) for (const old of group.slice(0, at)) if (fresh.text !== old.text) yield [fresh, old]
}

function figuresOf(set, profiles, pairs) {
  const guards = {}
  const router = {}
  let [alike, vetoed, tooShort] = [0, 0, 0]
  for (const [fresh, old] of pairs) {
    if (overlapOf(fresh, old) < ALIKE) continue
    alike++
    const { vetoes } = compareTexts(fresh, old, frequencies)
    if (vetoes.length > 0) vetoed++
    for (const { guard } of vetoes) guards[guard] = (guards[guard] ?? 0) + 1
  }
  for (const profile of profiles) {
    if (matchable(profile) === 'too-few-words') tooShort++
    const reason = asksForFresh(profile)
    if (reason !== undefined) router[reason] = (router[reason] ?? 0) + 1
  }
  const inPercent = (counts, whole) => Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, share(count, whole)]))
  return {
    set,
    pairs: alike,
    vetoed: share(vetoed, alike),
    guards: inPercent(guards, alike),
    tooShort: share(tooShort, profiles.length),
    router: inPercent(router, profiles.length),
  }
}

/** Jaccard index of the stems by the baseline's weights: as in `compareTexts`, without the rest of it. */
function overlapOf(fresh, old) {
  const stems = new Set(old.stems)
  let [shared, all] = [0, old.weights.reduce((sum, weight) => sum + weight, 0)]
  for (const [at, stem] of fresh.stems.entries()) {
    if (stems.has(stem)) shared += fresh.weights[at]
    else all += fresh.weights[at]
  }
  return all === 0 ? 1 : shared / all
}

function shares(counts) {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}

function percent(part, whole) {
  return `${share(part, whole)} %`
}

function share(part, whole) {
  return whole === 0 ? 0 : Math.round((10_000 * part) / whole) / 100
}
