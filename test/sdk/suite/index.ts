/** Real SDK clients and real SDK handlers, with the cache between them, on one framework. */

import { describe } from 'vitest'
import type { Framework } from '../frameworks.js'
import { answersSuite } from './answers.js'
import { faultsSuite } from './faults.js'

export function sdkSuite(framework: Framework): void {
  describe(framework.name, () => {
    describe('answers', () => answersSuite(framework))
    describe('faults', () => faultsSuite(framework))
  })
}
