/** The matrix of freshness, row by row, on real sockets. */

import assert from 'node:assert/strict'
import { createManualClock } from '../manual-clock.js'
import type { Received } from './client.js'
import { type Action, actionOf, MATRIX, MATRIX_TTL, OUTCOMES, STATES, WINDOWS } from './freshness-matrix.js'
import { completion, EVENT_STREAM } from './samples.js'
import { label, type Scene, withScene } from './scene.js'
import type { AdapterDriver, AdapterRunner, Answer } from './types.js'

/** What stands in the origin's answer of this run. */
const marked = (run: number): string => JSON.stringify(completion(run))

export function freshnessTests<N>({ describe, it }: AdapterRunner, driver: AdapterDriver<N>): void {
  describe('freshness', () => {
    for (const [windows, { staleWhileRevalidate, staleIfError }] of Object.entries(WINDOWS)) {
      for (const outcome of Object.keys(OUTCOMES)) {
        it(`windows ${windows}, origin: ${outcome}`, async () => {
          const clock = createManualClock()
          let now = 'a good answer'
          const cache = {
            clock,
            ttl: MATRIX_TTL * 1000,
            staleWhileRevalidate: staleWhileRevalidate * 1000,
            staleIfError: staleIfError * 1000,
          }
          await withScene(driver, { cache, answer: (_call, run) => answerOf(now, run) }, async (scene) => {
            for (const row of MATRIX) {
              for (const [state, age] of Object.entries(STATES)) {
                await scene.cache?.invalidate({ all: true })
                now = 'a good answer'
                const old = age === undefined ? undefined : await stored(scene)
                if (age !== undefined) clock.advance(age * 1000)
                now = outcome
                const what = `${row.directive || 'no directive'}, ${state}`
                await checkRow(scene, {
                  action: actionOf(row, state, windows),
                  directive: row.directive,
                  outcome,
                  old,
                  fresh: state === 'fresh',
                  what,
                })
              }
            }
          })
        })
      }
    }
  })
}

interface Row {
  readonly action: Action
  readonly directive: string
  readonly outcome: string
  /** The text of the entry. */
  readonly old: string | undefined
  /** Whether the entry's time is not over. */
  readonly fresh: boolean
  readonly what: string
}

/** Stores an answer and gives its text. */
async function stored(scene: Scene): Promise<string> {
  const before = scene.stored
  const { text } = await scene.ask()
  await scene.until(() => scene.stored > before)
  return text
}

async function checkRow(scene: Scene, { action, directive, outcome, old, fresh, what }: Row): Promise<void> {
  const failed = OUTCOMES[outcome] === true
  const refreshes = count(scene, 'refresh-ended')
  const runs = scene.runs
  const asked = scene.ask(directive === '' ? {} : { headers: { 'Cache-Control': directive } })
  // Some frameworks answer nothing at all where a stream breaks before its head is out.
  const received = await asked.catch((error: Error) => error)
  if (received instanceof Error) {
    assert.ok(outcome === 'a stream that fails before its first byte' && action === 'origin', what)
    return
  }
  switch (action) {
    case 'hit':
      return sent(received, 'HIT', old, what)
    case '504':
      assert.equal(received.status, 504, what)
      assert.equal(scene.runs, runs, what)
      return
    case 'stale':
      sent(received, 'STALE', old, what)
      assert.equal(scene.runs, runs, `${what}: the origin is not asked`)
      return
    case 'origin':
      return fromOrigin(received, outcome, scene, what)
    case 'origin, else stale':
      if (!failed) return fromOrigin(received, outcome, scene, what)
      sent(received, 'STALE', old, what)
      // RFC 9211 section 2.2: what is fresh was not good enough for this request.
      assert.match(
        received.header('cache-status') ?? '',
        fresh ? /fwd=request;.*detail=stale-if-error/ : /fwd=stale;.*detail=stale-if-error/,
        what,
      )
      return still(scene, old, what)
    case 'stale, refresh': {
      sent(received, 'STALE', old, what)
      assert.match(received.header('cache-status') ?? '', /hit; ttl=-\d+; detail=stale-while-revalidate/, what)
      await scene.until(() => count(scene, 'refresh-ended') > refreshes)
      assert.equal(scene.runs, runs + 1, `${what}: the origin is asked once`)
      if (outcome !== 'a good answer') return still(scene, old, what)
      const next = await scene.ask()
      sent(next, 'HIT', marked(scene.runs), what)
    }
  }
}

/** The entry is as it was. */
async function still(scene: Scene, old: string | undefined, what: string): Promise<void> {
  sent(await scene.ask({ headers: { 'Cache-Control': 'only-if-cached' } }), undefined, old, `${what}: afterwards`)
}

function sent(received: Received, expected: string | undefined, text: string | undefined, what: string): void {
  assert.equal(received.status, 200, what)
  assert.equal(received.cut, false, what)
  assert.equal(received.text, text, what)
  if (expected !== undefined) assert.equal(label(received), expected, what)
  assert.match(received.header('age') ?? '', /^\d+$/, what)
}

function fromOrigin(received: Received, outcome: string, scene: Scene, what: string): void {
  switch (outcome) {
    case 'a good answer':
      assert.equal(received.status, 200, what)
      assert.equal(received.text, marked(scene.runs), what)
      assert.equal(label(received), 'MISS', what)
      return
    case 'a handler that throws':
      assert.equal(received.status, 500, what)
      return
    case 'a stream that fails before its first byte':
      assert.ok(received.cut || received.status === 500 || received.text === '', what)
      return
    default:
      assert.equal(received.status, Number(outcome), what)
  }
}

function answerOf(outcome: string, run: number): Answer {
  switch (outcome) {
    case 'a good answer':
      return { json: completion(run) }
    case 'a handler that throws':
      throw new Error('the model is down')
    case 'a stream that fails before its first byte':
      return { headers: EVENT_STREAM, chunks: broken() }
    default:
      return { status: Number(outcome), json: { error: { message: 'no' } } }
  }
}

async function* broken(): AsyncGenerator<string> {
  await new Promise((resolve) => setImmediate(resolve))
  yield await Promise.reject(new Error('the model broke off'))
}

function count(scene: Scene, type: string): number {
  return scene.events.filter((event) => event.type === type).length
}
