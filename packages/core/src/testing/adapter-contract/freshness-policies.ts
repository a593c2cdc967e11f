/** The matrix of policies and of `staleIfSlow`, row by row, on real sockets. */

import assert from 'node:assert/strict'
import { createManualClock, type ManualClock } from '../manual-clock.js'
import type { Received } from './client.js'
import { AGES, POLICY_MATRIX, type PolicyRow, SLOW_MS } from './freshness-matrix.js'
import { completion } from './samples.js'
import { label, type Scene, withScene } from './scene.js'
import type { AdapterDriver, AdapterRunner, Answer } from './types.js'

/** `slow`: a good answer that does not begin before the caller's patience is over. */
const ORIGINS = ['good', '503', 'slow'] as const
type Origin = (typeof ORIGINS)[number]

interface World {
  readonly scene: Scene
  readonly clock: ManualClock
  /** Lets a slow origin answer. */
  readonly release: () => void
}

export function policyTests<N>({ describe, it }: AdapterRunner, driver: AdapterDriver<N>): void {
  describe('freshness by policy', () => {
    for (const row of POLICY_MATRIX) {
      for (const origin of ORIGINS) {
        it(`${row.name}, origin: ${origin}`, async () => {
          const clock = createManualClock()
          let now: Origin = 'good'
          let release: () => void = () => undefined
          const answer = async (_call: unknown, run: number): Promise<Answer> => {
            if (now === '503') return { status: 503, json: { error: { message: 'no' } } }
            if (now === 'slow')
              await new Promise<void>((resolve) => {
                release = resolve
              })
            return { json: completion(run) }
          }
          await withScene(driver, { cache: { clock, ...row.options }, answer }, async (scene) => {
            for (const [at, [age, seconds]] of Object.entries(AGES).entries()) {
              await scene.cache?.invalidate({ all: true })
              now = 'good'
              const old = seconds === undefined ? undefined : await stored(scene, row)
              clock.advance((seconds ?? 0) * 1000)
              now = origin
              await check({ scene, clock, release: () => release() }, row.actions[at], origin, old, `${row.name}, ${age}`)
            }
          })
        })
      }
    }
  })
}

async function stored(scene: Scene, { options }: PolicyRow): Promise<string> {
  const before = scene.stored
  const { text } = await scene.ask()
  if (options.policy !== 'development') await scene.until(() => scene.stored > before)
  return text
}

async function check(
  { scene, clock, release }: World,
  action: PolicyRow['actions'][number] | undefined,
  origin: Origin,
  old: string | undefined,
  what: string,
): Promise<void> {
  const runs = scene.runs
  const refreshes = ended(scene)
  const asked = scene.ask()
  const asksOrigin = action !== 'hit'
  if (asksOrigin && origin === 'slow') {
    await scene.until(() => scene.runs > runs)
    clock.advance(SLOW_MS)
    if (action !== 'stale, refresh' && action !== 'origin, else stale; stale if slow') release()
  }
  const received = await asked
  switch (action) {
    case 'hit':
      assert.equal(scene.runs, runs, what)
      return sent(received, 'HIT', old, what)
    case 'origin':
      return fromOrigin(received, origin, runs + 1, what)
    case 'origin, else stale':
      return origin === '503' ? sent(received, 'STALE', old, what, 'stale-if-error') : fromOrigin(received, origin, runs + 1, what)
    case 'stale, refresh':
      sent(received, 'STALE', old, what, 'stale-while-revalidate')
      break
    case 'origin, else stale; stale if slow':
      if (origin === 'good') fromOrigin(received, origin, runs + 1, what)
      else sent(received, 'STALE', old, what, origin === 'slow' ? 'stale-if-slow' : 'stale-if-error')
      break
    default:
      assert.fail(`${what}: ${action} is no action of this matrix`)
  }
  // Somebody else asked in the background, once, and what that brought is what goes out from now on.
  release()
  await scene.until(() => ended(scene) > refreshes)
  assert.equal(scene.runs, runs + 1, what)
  if (origin !== '503') sent(await scene.ask(), 'HIT', marked(runs + 1), what)
}

function ended(scene: Scene): number {
  return scene.events.filter((event) => event.type === 'refresh-ended').length
}

function marked(run: number): string {
  return JSON.stringify(completion(run))
}

function sent(received: Received, expected: string, text: string | undefined, what: string, detail?: string): void {
  assert.equal(received.status, 200, what)
  assert.equal(received.text, text, what)
  assert.equal(label(received), expected, what)
  if (detail !== undefined) assert.match(received.header('cache-status') ?? '', new RegExp(`detail=${detail}`), what)
}

function fromOrigin(received: Received, origin: Origin, run: number, what: string): void {
  assert.equal(received.status, origin === '503' ? 503 : 200, what)
  if (origin !== '503') assert.equal(received.text, marked(run), what)
  assert.ok(!['HIT', 'STALE'].includes(label(received) ?? ''), what)
}
