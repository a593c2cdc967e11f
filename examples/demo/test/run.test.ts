import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { DemoError } from '../src/errors.js'
import { INTENTS, newWords, OPPOSITE } from '../src/intents.js'
import { measure } from '../src/measure.js'
import { showOutage } from '../src/outage.js'
import { callsOf, type Plan, requestsOf } from '../src/plan.js'
import { PROMPTS } from '../src/prompts.js'
import { createClient } from '../src/request.js'
import { runMeasurement, runTour } from '../src/run.js'
import { openStage, type Stage } from '../src/stage.js'
import { createStyle } from '../src/style.js'

/** Hundreds of calls of real clients, on a machine that does other work. */
vi.setConfig({ testTimeout: 120_000 })

const style = createStyle({})
const latency = { firstTokenMs: 0, tokenMs: 0, jitter: 0 }
const plan: Plan = {
  prompts: PROMPTS.slice(0, 2),
  warmUpPrompt: { text: 'Ready?' },
  crowdPrompt: { text: 'Who is there?' },
  repeats: 2,
  askers: 10,
  maxTokens: 1000,
}

function collect() {
  let text = ''
  return { stream: { write: (part: string) => (text += part) }, style, read: () => text }
}

describe('the measurement', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage({ live: false, latency })
  })
  afterAll(() => stage.close())

  it('asks what is planned and prints a row for each route of each framework', async () => {
    const output = collect()
    await runMeasurement(stage, plan, output)
    const lines = output.read().split('\n')
    for (const name of ['Express', 'Koa', 'Hono']) expect(lines.filter((line) => line.startsWith(`  ${name} `))).toHaveLength(1)
    expect(lines.filter((line) => line.endsWith('1 model call'))).toHaveLength(6)
    const requests = requestsOf(plan) * 6
    expect(output.read()).toContain(`${requests} requests, ${callsOf(plan) * 6} model calls.`)
    expect(output.read()).toContain('12 of 12 answers past their lifetime keep coming')
    expect(output.read()).toMatch(/It learnt from \d{2,3} compared answers of \d{2,3}\n/)
    expect(output.read()).toMatch(/Then 16 questions in new words: [1-9]\d* answered from the cache, \d+ asked anyway .* 0 wrong\./)
    expect(output.read()).toMatch(/SEMANTIC-HIT {2}"Hello, please explain how I can .*" {2}similarity 0\.\d\d, probability 0\.\d{3}\n/)
    expect(output.read()).toMatch(/MISS .*"How do I disable two-factor authentication\?" {2}similarity 0\.[89]\d, refused: guard-\w+\n/)
    expect(output.read()).toMatch(/A question that is new gets what the app alone would give: 503/)
  })

  it('fails when a stale answer is due and none is there', async () => {
    const client = createClient()
    const other = await openStage({ live: false, latency })
    for (const app of other.apps) await app.cache.close()
    await expect(showOutage(other, client, plan.maxTokens)).rejects.toThrow(/status 5\d\d where the stored answer is due/)
    client.close()
    await other.close()
  })

  it('fails when an answer is not what is due', async () => {
    const client = createClient()
    const options = { plan, models: stage.models, client, step: () => {}, tick: () => {} }
    const [app] = stage.apps
    if (!app) throw new Error('no app')
    // Everything has been asked by the test before: what should be new is stored already.
    await expect(measure(app, stage.routes, options)).rejects.toThrow('x-llm-cache is HIT where MISS is due')
    await app.cache.close()
    await expect(measure(app, stage.routes, options)).rejects.toThrow(DemoError)
    client.close()
  })
})

it('serves, says what to try, and sums up at the end', async () => {
  const stage = await openStage({ live: false, latency })
  const output = collect()
  let end = () => {}
  const touring = runTour(stage, new Promise<void>((resolve) => (end = resolve)), output)
  const client = createClient()
  await vi.waitFor(() => expect(output.read()).toContain('Ctrl-C'), 60_000)
  for (const app of [...stage.apps, stage.meaning]) expect(output.read()).toContain(app?.url)
  const [app] = stage.apps
  const [route] = stage.routes
  if (!app || !route) throw new Error('no app')
  const ask = async () => (await client.post(app.url + route.path, route.body({ text: 'Why?' }, false, 1000))).outcome
  expect([await ask(), await ask()]).toEqual(['MISS', 'HIT'])
  const { meaning } = stage
  if (!meaning) throw new Error('no app')
  const known = async (text: string) => (await client.post(meaning.url + route.path, route.body({ text }, false, 1000))).outcome
  expect(await Promise.all(INTENTS.map((task) => known(newWords(task))))).toContain('SEMANTIC-HIT')
  expect(await known(OPPOSITE)).toBe('MISS')
  end()
  await touring
  expect(output.read()).toContain('2 requests, 1 model calls. The cache answered 50 %')
  client.close()
  await stage.close()
})
