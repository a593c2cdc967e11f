/** What a caller may ask for one request, by `Cache-Control` and by `x-llm-cache-control`. */

import assert from 'node:assert/strict'
import { createManualClock } from '../manual-clock.js'
import { chat } from './samples.js'
import { label, withScene } from './scene.js'
import type { AdapterDriver, AdapterRunner } from './types.js'

export function controlTests<N>({ describe, it }: AdapterRunner, driver: AdapterDriver<N>): void {
  describe('request control', () => {
    for (const field of ['cache-control', 'x-llm-cache-control']) {
      it(`${field}: no-cache asks the origin and stores the new answer`, () =>
        withScene(driver, {}, async (s) => {
          const first = await s.ask()
          const second = await s.ask({ headers: { [field]: 'no-cache' } })
          assert.equal(label(second), 'MISS')
          assert.match(second.header('cache-status') ?? '', /fwd=request/)
          assert.notEqual(second.text, first.text)
          const third = await s.ask()
          assert.equal(label(third), 'HIT')
          assert.equal(third.text, second.text)
        }))

      it(`${field}: no-store neither reads nor writes`, () =>
        withScene(driver, {}, async (s) => {
          const first = await s.ask()
          const second = await s.ask({ headers: { [field]: 'no-store' } })
          assert.equal(label(second), 'BYPASS')
          assert.equal((await s.ask()).text, first.text)
          await s.ask({ headers: { [field]: 'no-store' }, body: chat('other') })
          assert.equal(label(await s.ask({ body: chat('other') })), 'MISS')
        }))

      it(`${field}: only-if-cached answers 504 where nothing is stored, and never asks the origin`, () =>
        withScene(driver, {}, async (s) => {
          const headers = { [field]: 'only-if-cached' }
          const missing = await s.ask({ headers })
          assert.equal(missing.status, 504)
          assert.equal(s.runs, 0)
          await s.ask()
          assert.equal(label(await s.ask({ headers })), 'HIT')
        }))

      it(`${field}: max-age bounds the age of an answer`, () => {
        const clock = createManualClock()
        return withScene(driver, { cache: { clock } }, async (s) => {
          await s.ask()
          clock.advance(20_000)
          assert.equal(label(await s.ask({ headers: { [field]: 'max-age=30' } })), 'HIT')
          const older = await s.ask({ headers: { [field]: 'max-age=10' } })
          assert.equal(label(older), 'MISS')
          assert.equal(s.runs, 2)
        })
      })
    }

    it('x-llm-cache-control: ttl shortens the life of the new answer', () => {
      const clock = createManualClock()
      return withScene(driver, { cache: { clock } }, async (s) => {
        await s.ask({ headers: { 'x-llm-cache-control': 'ttl=30s' } })
        clock.advance(31_000)
        assert.equal(label(await s.ask()), 'MISS')
      })
    })

    it('what the operator does not allow is ignored', () =>
      withScene(driver, { rules: { controls: { allow: ['max-age'] } } }, async (s) => {
        await s.ask()
        for (const directive of ['no-cache', 'no-store', 'only-if-cached']) {
          assert.equal(label(await s.ask({ headers: { 'cache-control': directive } })), 'HIT')
        }
      }))

    it('control fields are not part of the key', () =>
      withScene(driver, {}, async (s) => {
        await s.ask({ headers: { 'x-llm-cache-control': 'ttl=10m' } })
        assert.equal(label(await s.ask({ headers: { 'cache-control': 'max-age=600' } })), 'HIT')
      }))
  })
}
