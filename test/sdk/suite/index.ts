/** Real SDK clients and real SDK handlers, with the cache between them, on one framework. */

import { afterAll, beforeAll, describe, vi } from 'vitest'
import type { Framework } from '../frameworks.js'
import { aiSdkSuite } from './ai-sdk.js'
import { answersSuite } from './answers.js'
import { faultsSuite } from './faults.js'
import { genericSuite } from './generic.js'
import { shapesSuite } from './shapes.js'

export function sdkSuite(framework: Framework): void {
  describe(framework.name, () => {
    // Frameworks and SDKs report there what these tests make go wrong.
    beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => undefined))
    afterAll(() => void vi.mocked(console.error).mockRestore())

    describe('answers', () => answersSuite(framework))
    describe('faults', () => faultsSuite(framework))
    describe('AI SDK', () => aiSdkSuite(framework))
    describe('shapes', () => shapesSuite(framework))
    describe('generic bodies', () => genericSuite(framework))
  })
}
