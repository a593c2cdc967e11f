/** The contract of an adapter, as tests: every framework passes all of it, on real sockets. */

import assert from 'node:assert/strict'
import { bodyTests } from './bodies.js'
import { controlTests } from './controls.js'
import { disconnectTests } from './disconnects.js'
import { failureTests } from './failures.js'
import { flightTests } from './flights.js'
import { freshnessTests } from './freshness.js'
import { policyTests } from './freshness-policies.js'
import { headerTests } from './headers.js'
import { mountTests } from './mounts.js'
import { safetyTests } from './safety.js'
import { scopeTests } from './scope.js'
import { semanticTests } from './semantic.js'
import { shapeTests } from './shapes.js'
import { streamTests } from './streams.js'
import type { AdapterDriver, AdapterRunner } from './types.js'

/**
 * Declares the tests.
 *
 * @example
 * adapterContract({ describe, it, beforeAll, afterAll }, expressDriver)
 */
export function adapterContract<N>(runner: AdapterRunner, driver: AdapterDriver<N>): void {
  const { describe, it, beforeAll, afterAll } = runner
  describe(`adapter contract: ${driver.name}`, () => {
    const stray: unknown[] = []
    const note = (error: unknown): void => {
      stray.push(error)
    }
    beforeAll(async () => {
      process.on('unhandledRejection', note)
      process.on('uncaughtException', note)
    })
    afterAll(async () => {
      process.off('unhandledRejection', note)
      process.off('uncaughtException', note)
    })

    shapeTests(runner, driver)
    scopeTests(runner, driver)
    safetyTests(runner, driver)
    flightTests(runner, driver)
    disconnectTests(runner, driver)
    failureTests(runner, driver)
    bodyTests(runner, driver)
    mountTests(runner, driver)
    headerTests(runner, driver)
    controlTests(runner, driver)
    streamTests(runner, driver)
    freshnessTests(runner, driver)
    policyTests(runner, driver)
    semanticTests(runner, driver)

    it('nothing was thrown or rejected that nobody caught', async () => {
      await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(stray, [])
    })
  })
}
