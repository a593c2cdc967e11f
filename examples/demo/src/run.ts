/** The two things that the demo does. */

import { type CacheStats, costOf } from '@llm-cache/core'
import { formatUsd } from './format.js'
import { formatMeaning, learn, showMeaning } from './meaning.js'
import { measure, type Row, warmUp } from './measure.js'
import type { Models } from './models.js'
import { formatOutage, showOutage } from './outage.js'
import { callsOf, type Plan, type Route, requestsOf } from './plan.js'
import { createProgress, type ProgressStream } from './progress.js'
import { createClient } from './request.js'
import type { Stage } from './stage.js'
import type { Style } from './style.js'
import { formatSavings, formatTable } from './table.js'
import { formatMeaningTour, formatTour } from './tour.js'

export interface Output {
  readonly stream: ProgressStream
  readonly style: Style
}

/** @throws DemoError when the cache does not keep a promise */
export async function runMeasurement(stage: Stage, plan: Plan, { stream, style }: Output): Promise<void> {
  const { apps, models, routes } = stage
  const progress = createProgress(stream, requestsOf(plan) * routes.length * apps.length, style)
  const client = createClient()
  const rows: Row[] = []
  let outage = ''
  let meaning = ''
  let stats: readonly CacheStats[] = []
  let calls = 0
  try {
    const options = { plan, models, client, step: progress.step, tick: progress.tick }
    await warmUp(apps, routes, options)
    for (const app of apps) rows.push(...(await measure(app, routes, options)))
    stats = await Promise.all(apps.map((app) => app.cache.stats()))
    calls = countOf(models)
    if (stage.meaning) {
      progress.step('Prompts that mean the same')
      meaning = formatMeaning(await showMeaning(stage.meaning, client), style)
    }
    if (stage.outage) progress.step('The models go down')
    outage = formatOutage(await showOutage(stage, client, plan.maxTokens), style)
  } finally {
    progress.clear()
    client.close()
  }
  stream.write(`\n${formatTable(rows, style)}\n\n${formatSavings(stats, calls, style)}\n\n`)
  if (outage) stream.write(`${outage}\n\n`)
  if (meaning) stream.write(`${meaning}\n\n`)
}

/** Resolves when `ended` does. */
export async function runTour({ apps, meaning, models, routes }: Stage, ended: Promise<void>, { stream, style }: Output): Promise<void> {
  stream.write(`\n${formatTour(apps, routes, style)}\n\n`)
  if (meaning) {
    const client = createClient()
    const { asked } = await learn(meaning, client).finally(() => client.close())
    stream.write(`${formatMeaningTour(meaning, asked, style)}\n\n`)
  }
  stream.write(`  ${style.bold('Ctrl-C ends it.')}\n`)
  await ended
  const stats = await Promise.all(apps.map((app) => app.cache.stats()))
  if (stats.some(({ hits, misses }) => hits + misses > 0)) stream.write(`\n\n${formatSavings(stats, countOf(models), style)}\n`)
}

function countOf({ calls }: Models): number {
  return calls.openai + calls.anthropic
}

/** What the misses of `plan` cost at most, by the list prices. */
export function formatEstimate(plan: Plan, routes: readonly Route[], apps: number): string {
  const calls = callsOf(plan) * apps
  const input = Math.max(...plan.prompts.map(({ system = '', text }) => system.length + text.length)) / 2
  const costs = routes.map(({ model }) => (costOf({ inputTokens: input, outputTokens: plan.maxTokens }, model) ?? 0) * calls)
  const total = costs.reduce((sum, cost) => sum + cost, 0)
  return `  Live: ${routes.map(({ model }) => `${calls} calls of ${model}`).join(', ')}; together at most about ${formatUsd(total)}.\n\n`
}
