/** Prompts that mean the same: the cache learns from traffic which of them it may answer alike, and then does. */

import type { CacheEvent, PolicyState } from '@llm-cache/core'
import type { RunningApp } from './apps/app.js'
import { DemoError } from './errors.js'
import { INTENTS, intentOf, newWords, OPPOSITE, traffic, UNRELATED } from './intents.js'
import { ROUTES, type Route } from './plan.js'
import type { Client } from './request.js'
import type { Style } from './style.js'

type Lookup = Extract<CacheEvent, { type: 'semantic-lookup' }>

export interface MeaningResult {
  /** Questions until the cache began to serve. */
  readonly asked: number
  /** What it had learnt by then. */
  readonly learnt: PolicyState
  /** What the new wordings came to: answered from the cache, asked anyway to check on it, not sure enough. */
  readonly served: number
  readonly audited: number
  readonly unsure: number
  /** One of those that were answered. */
  readonly hit: { readonly prompt: string; readonly similarity: number; readonly probability: number }
  readonly opposite: { readonly prompt: string; readonly similarity: number; readonly reason: string }
}

const ROUTE = ROUTES[0] as Route
const MAX_TOKENS = 1000

/** Asks until the cache serves by itself. @returns how many questions that took; @throws DemoError where it never does */
export async function learn(app: RunningApp, client: Client): Promise<Pick<MeaningResult, 'asked' | 'learnt'>> {
  let asked = 0
  for (const prompt of traffic()) {
    await client.post(app.url + ROUTE.path, ROUTE.body({ text: prompt }, false, MAX_TOKENS))
    asked += 1
    const [learnt] = (await app.cache.stats()).semantic?.learners ?? []
    if (learnt && learnt.paused === undefined) return { asked, learnt }
  }
  throw new DemoError(`the cache serves nothing by meaning after ${asked} questions`)
}

/** @throws DemoError for an answer to another question, and where no new wording, or the opposite, is answered from the cache */
export async function showMeaning(app: RunningApp, client: Client): Promise<MeaningResult> {
  const lookups: Lookup[] = []
  const off = app.cache.on((event) => {
    if (event.type === 'semantic-lookup') lookups.push(event)
  })
  const ask = async (prompt: string): Promise<Lookup & { readonly prompt: string }> => {
    const { status, outcome, body } = await client.post(app.url + ROUTE.path, ROUTE.body({ text: prompt }, false, MAX_TOKENS))
    const lookup = lookups.at(-1)
    const wanted = intentOf(prompt) ?? 'ask again'
    if (status !== 200 || !lookup) throw new DemoError(`"${prompt}": status ${status}`)
    if ((outcome === 'SEMANTIC-HIT') !== (lookup.outcome === 'hit')) throw new DemoError(`"${prompt}": ${outcome} for ${lookup.outcome}`)
    if (!body.includes(`how to ${wanted}:`)) throw new DemoError(`"${prompt}": got the answer to another question`)
    return { ...lookup, prompt }
  }
  try {
    const learnt = await learn(app, client)
    const answers: Awaited<ReturnType<typeof ask>>[] = []
    for (const task of INTENTS) answers.push(await ask(newWords(task)))
    const count = (outcome: string): number => answers.filter((answer) => answer.outcome === outcome).length
    const hit = answers.find(({ outcome }) => outcome === 'hit')
    if (!hit) throw new DemoError('no question in new words was answered from the cache')
    const opposite = await ask(OPPOSITE)
    if (!opposite.outcome.startsWith('guard-')) throw new DemoError(`"${OPPOSITE}": ${opposite.outcome} where a guard is due`)
    for (const prompt of UNRELATED) {
      const { outcome } = await ask(prompt)
      if (outcome === 'hit' || outcome === 'audit') throw new DemoError(`"${prompt}": ${outcome} where nothing means the same`)
    }
    return {
      ...learnt,
      served: count('hit'),
      audited: count('audit'),
      unsure: answers.length - count('hit') - count('audit'),
      hit: { prompt: hit.prompt, similarity: hit.similarity ?? 0, probability: hit.probability ?? 0 },
      opposite: { prompt: OPPOSITE, similarity: opposite.similarity ?? 0, reason: opposite.outcome },
    }
  } finally {
    off()
  }
}

export function formatMeaning({ asked, learnt, served, audited, unsure, hit, opposite }: MeaningResult, style: Style): string {
  const { labels, threshold, error = 0 } = learnt
  return [
    `  ${style.bold('Prompts that mean the same')} (Express, strategy: 'hybrid', at most 2 % wrong). It learnt from ${labels} compared answers of ${asked}`,
    `  questions, and serves from a probability of ${threshold.toFixed(3)} on, where it reckons with ${(100 * error).toFixed(1)} % wrong answers.`,
    `  Then ${served + audited + unsure} questions in new words: ${style.good(`${served} answered from the cache`)}, ${audited} asked anyway to check on itself, ${unsure} not sure enough; 0 wrong.`,
    `    SEMANTIC-HIT  "${hit.prompt}"  similarity ${hit.similarity.toFixed(2)}, probability ${hit.probability.toFixed(3)}`,
    `    MISS          "${opposite.prompt}"  similarity ${opposite.similarity.toFixed(2)}, refused: ${style.bold(opposite.reason)}`,
  ].join('\n')
}
