/** The models go down: what was answered before goes on being answered, marked as stale; what is new fails as ever. */

import { setTimeout } from 'node:timers/promises'
import type { RunningApp } from './apps/app.js'
import { DemoError } from './errors.js'
import type { Route } from './plan.js'
import type { Prompt } from './prompts.js'
import type { Answered, Client } from './request.js'
import type { Stage } from './stage.js'
import type { Style } from './style.js'

export interface OutageResult {
  readonly framework: string
  /** Answers past their lifetime that went out while the models were down. */
  readonly stale: number
  /** Status of a question that nobody had asked before. */
  readonly newStatus: number
}

interface Known {
  readonly app: RunningApp
  readonly route: Route
  readonly stream: boolean
  readonly first: Answered
}

/** So that the answers are past their lifetime within a demo. */
const SHORT_LIVED = { 'x-llm-cache-control': 'ttl=1' }
const LIFETIME_MS = 1000
const KNOWN: Prompt = { text: 'What is our refund policy?' }
const NEW: Prompt = { text: 'What is new since the models went down?' }

/**
 * @throws DemoError where an answer is not the one that was stored, or is not marked
 */
export async function showOutage(stage: Stage, client: Client, maxTokens: number): Promise<readonly OutageResult[]> {
  const { apps, routes, outage } = stage
  if (!outage) return []
  const ask = (app: RunningApp, route: Route, prompt: Prompt, stream: boolean, fields?: Record<string, string>): Promise<Answered> =>
    client.post(app.url + route.path, route.body(prompt, stream, maxTokens), fields)
  const cases = apps.flatMap((app) => routes.flatMap((route) => [false, true].map((stream) => ({ app, route, stream }))))
  const known: Known[] = await Promise.all(
    cases.map(async (each) => ({ ...each, first: await ask(each.app, each.route, KNOWN, each.stream, SHORT_LIVED) })),
  )
  await setTimeout(LIFETIME_MS + 100)
  return outage(async () => {
    const stale = await Promise.all(known.map(async (each) => checked(each, await ask(each.app, each.route, KNOWN, each.stream))))
    const fresh = await Promise.all(apps.map((app) => ask(app, routes[0] as Route, NEW, false)))
    return apps.map((app, index) => ({
      framework: app.name,
      stale: stale.filter((name) => name === app.name).length,
      newStatus: (fresh[index] as Answered).status,
    }))
  })
}

function checked({ app, route, first }: Known, answer: Answered): string {
  const what = `${app.name} ${route.path} while the models are down:`
  if (answer.status !== 200) throw new DemoError(`${what} status ${answer.status} where the stored answer is due`)
  if (answer.outcome !== 'STALE') throw new DemoError(`${what} x-llm-cache is ${answer.outcome} where STALE is due`)
  if (!answer.body.equals(first.body)) throw new DemoError(`${what} the answer is not the one that was stored`)
  return app.name
}

export function formatOutage(results: readonly OutageResult[], style: Style): string {
  if (results.length === 0) return ''
  const stale = results.reduce((sum, result) => sum + result.stale, 0)
  const statuses = [...new Set(results.map(({ newStatus }) => newStatus))].join(', ')
  return [
    `  ${style.bold('Then the models go down.')} ${style.good(`${stale} of ${stale} answers past their lifetime keep coming`)}, byte for byte, marked x-llm-cache: STALE`,
    `  (${results.map(({ framework }) => framework).join(', ')}; JSON and streams). A question that is new gets what the app alone would give: ${statuses}.`,
  ].join('\n')
}
