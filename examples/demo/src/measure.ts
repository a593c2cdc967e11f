/** Asks one app everything in the plan and checks every answer. */

import { setTimeout } from 'node:timers/promises'
import type { RunningApp } from './apps/app.js'
import { DemoError } from './errors.js'
import type { Models } from './models.js'
import type { Plan, Route } from './plan.js'
import type { Prompt } from './prompts.js'
import type { Answered, Client } from './request.js'

/** One route of one framework. Times are medians in ms, as a caller sees them. */
export interface Row {
  readonly framework: string
  readonly path: string
  readonly missMs: number
  readonly hitMs: number
  /** First byte of a stream. */
  readonly missFirstByteMs: number
  readonly hitFirstByteMs: number
  readonly askers: number
  /** Model calls that `askers` simultaneous requests made. */
  readonly originCalls: number
}

export interface MeasureOptions {
  readonly plan: Plan
  readonly models: Models
  readonly client: Client
  /** Called when a phase begins. */
  readonly step: (label: string) => void
  /** Called for each answer. */
  readonly tick: () => void
}

/** Between the first questions, so that they do not slow each other down. */
const STAGGER_MS = 30

/** One question as JSON or as a stream, and what came the first time. */
interface Question {
  readonly label: string
  readonly stream: boolean
  readonly body: object
  readonly first: Answered
}

/** @throws DemoError for the first answer that is not what the cache promises */
export async function measure(app: RunningApp, routes: readonly Route[], options: MeasureOptions): Promise<Row[]> {
  const { plan, step } = options
  step(`${app.name}: first time asked`)
  const questions = await Promise.all(routes.map((route) => askFirst(app, route, options)))
  step(`${app.name}: asked again`)
  const hits: Times[] = []
  for (const [index, route] of routes.entries()) hits.push(await askAgain(app, route, questions[index] as Question[], options))
  step(`${app.name}: ${plan.askers} at once`)
  const originCalls = await Promise.all(routes.map((route) => askTogether(app, route, options)))

  return routes.map((route, index) => {
    const misses = timesOf((questions[index] as Question[]).map(({ stream, first }) => ({ stream, answer: first })))
    const { totalMs, firstByteMs } = hits[index] as Times
    return {
      framework: app.name,
      path: route.path,
      missMs: misses.totalMs,
      hitMs: totalMs,
      missFirstByteMs: misses.firstByteMs,
      hitFirstByteMs: firstByteMs,
      askers: plan.askers,
      originCalls: originCalls[index] as number,
    }
  })
}

/** Runs every route once and then often, so that the code is compiled and connections are open before times count. */
export async function warmUp(apps: readonly RunningApp[], routes: readonly Route[], options: MeasureOptions): Promise<void> {
  const { plan, client, step, tick } = options
  const { warmUpPrompt, repeats, maxTokens } = plan
  if (!warmUpPrompt) return
  step('Warming up')
  const warm = async (url: string, body: object): Promise<void> => {
    for (let round = 0; round <= repeats; round += 1) {
      await client.post(url, body)
      tick()
    }
  }
  const questions = routes.flatMap((route) => [false, true].map((stream) => ({ route, body: route.body(warmUpPrompt, stream, maxTokens) })))
  await Promise.all(apps.flatMap(({ url }) => questions.map(({ route, body }) => warm(url + route.path, body))))
}

/** Every prompt as JSON and as a stream: all misses. They overlap, since a model's time is spent waiting. */
async function askFirst(app: RunningApp, route: Route, { plan, client, models, tick }: MeasureOptions): Promise<Question[]> {
  const ask = async (prompt: Prompt, index: number, stream: boolean): Promise<Question> => {
    const label = `${app.name} ${route.path}, question ${index + 1}${stream ? ' as a stream' : ''}`
    const body = route.body(prompt, stream, plan.maxTokens)
    await setTimeout((2 * index + (stream ? 1 : 0)) * STAGGER_MS)
    const first = await client.post(app.url + route.path, body)
    tick()
    expectAnswer(label, first, 'MISS', stream)
    return { label, stream, body, first }
  }
  const before = models.calls[route.provider]
  const questions = await Promise.all([false, true].flatMap((stream) => plan.prompts.map((prompt, index) => ask(prompt, index, stream))))
  expectCalls(`${app.name} ${route.path}, ${questions.length} questions`, models.calls[route.provider] - before, questions.length)
  return questions
}

/** Every question again, one after the other: all hits, byte for byte the first answer. */
async function askAgain(app: RunningApp, route: Route, questions: readonly Question[], options: MeasureOptions): Promise<Times> {
  const { plan, client, models, tick } = options
  const before = models.calls[route.provider]
  const hits: Sample[] = []
  for (let round = 0; round < plan.repeats; round += 1) {
    for (const { label, stream, body, first } of questions) {
      const answer = await client.post(app.url + route.path, body)
      tick()
      expectAnswer(label, answer, 'HIT', stream)
      expectSame(label, answer, first)
      hits.push({ stream, answer })
    }
  }
  expectCalls(`${app.name} ${route.path}, the same ${questions.length} questions again`, models.calls[route.provider] - before, 0)
  return timesOf(hits)
}

/** One new question from everybody at once. Resolves with the number of model calls. */
async function askTogether(app: RunningApp, route: Route, { plan, client, models, tick }: MeasureOptions): Promise<number> {
  const label = `${app.name} ${route.path}, ${plan.askers} askers at once`
  const body = route.body(plan.crowdPrompt, true, plan.maxTokens)
  const before = models.calls[route.provider]
  const ask = async (): Promise<Answered> => {
    const answer = await client.post(app.url + route.path, body)
    tick()
    return answer
  }
  const answers = await Promise.all(Array.from({ length: plan.askers }, ask))
  const calls = models.calls[route.provider] - before
  expectCalls(label, calls, 1)
  for (const answer of answers) expectSame(label, answer, answers[0] as Answered)
  return calls
}

function expectAnswer(label: string, answer: Answered, outcome: string, stream: boolean): void {
  const { status, contentType, body } = answer
  if (status !== 200) throw new DemoError(`${label}: status ${status}: ${body.toString().slice(0, 300)}`)
  if (answer.outcome !== outcome) throw new DemoError(`${label}: x-llm-cache is ${answer.outcome} where ${outcome} is due`)
  if (contentType.startsWith('text/event-stream') !== stream) throw new DemoError(`${label}: content-type is ${contentType}`)
}

function expectCalls(label: string, calls: number, due: number): void {
  if (calls !== due) throw new DemoError(`${label}: ${calls} model calls where ${due} are due`)
}

function expectSame(label: string, answer: Answered, first: Answered): void {
  if (answer.status !== first.status) throw new DemoError(`${label}: status ${answer.status} after ${first.status}`)
  if (!answer.body.equals(first.body)) throw new DemoError(`${label}: the body differs from the first answer's`)
}

interface Sample {
  readonly stream: boolean
  readonly answer: Answered
}

interface Times {
  /** Of JSON answers. */
  readonly totalMs: number
  /** Of streams. */
  readonly firstByteMs: number
}

function timesOf(samples: readonly Sample[]): Times {
  return {
    totalMs: median(samples.filter(({ stream }) => !stream).map(({ answer }) => answer.totalMs)),
    firstByteMs: median(samples.filter(({ stream }) => stream).map(({ answer }) => answer.firstByteMs)),
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
