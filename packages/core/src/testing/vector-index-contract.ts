/** The contract of `VectorIndex`, as tests: every index passes all of it, on its real backend. */

import { createManualClock, type ManualClock } from './manual-clock.js'
import type { ContractRunner } from './store-contract.js'
import { AMOUNTS } from './vector-index-contract/amounts.js'
import { CHANGES } from './vector-index-contract/changes.js'
import { NAMESPACES } from './vector-index-contract/namespaces.js'
import { REFUSALS } from './vector-index-contract/refusals.js'
import type { Check, Rules, VectorIndexSubject } from './vector-index-contract/rule.js'
import { SEARCHES } from './vector-index-contract/searches.js'

export type { VectorIndexSubject }

export interface VectorIndexContext {
  /** The index is to take the time from here. */
  readonly clock: ManualClock
}

export interface VectorIndexDriver {
  /** What the tests are called by: 'memory', 'Redis 8'. */
  readonly name: string
  /** Opens an empty index. Called for each test. */
  create(context: VectorIndexContext): Promise<VectorIndexSubject>
  /** Largest difference between a similarity and the cosine. @default 1e-5 */
  readonly tolerance?: number
  /** Where an index takes vectors of one length alone: that length, at least 96. @default any */
  readonly dimensions?: number
  /** Where a search may still miss what was just added: resolves once all has been seen to be there. @default resolves at once */
  settle?(): Promise<void>
}

/**
 * Declares the tests.
 *
 * @example
 * vectorIndexContract({ describe, it }, { name: 'memory', create: async ({ clock }) => ({ index: createMemoryVectorIndex({ clock }) }) })
 */
export function vectorIndexContract(runner: ContractRunner, driver: VectorIndexDriver): void {
  runner.describe(`vector index contract: ${driver.name}`, () => {
    for (const [rule, check] of Object.entries(RULES)) runner.it(rule, () => runRule(driver, check))
  })
}

/** What is wrong with an index, a line for each rule that it breaks. For those who test other test suites. */
export async function brokenRules(driver: VectorIndexDriver): Promise<readonly string[]> {
  const broken: string[] = []
  for (const [rule, check] of Object.entries(RULES)) await runRule(driver, check).catch(() => broken.push(rule))
  return broken
}

async function runRule(driver: VectorIndexDriver, rule: (check: Check) => Promise<void>): Promise<void> {
  const clock = createManualClock(Date.now())
  const subject = await driver.create({ clock })
  const { index } = subject
  const deleteAt = clock.now() + 3_600_000
  const vector = (parts: ArrayLike<number>): Float32Array => {
    const padded = new Float32Array(driver.dimensions ?? parts.length)
    padded.set(Array.from(parts))
    return padded
  }
  try {
    await rule({
      ...subject,
      clock,
      tolerance: driver.tolerance ?? 1e-5,
      vector,
      hasOneLength: driver.dimensions !== undefined,
      settle: async () => driver.settle?.(),
      add: async (namespace, vectors) => {
        await index.add(
          namespace,
          Object.entries(vectors).map(([id, parts]) => ({ id, vector: vector(parts), deleteAt })),
        )
        await driver.settle?.()
      },
      find: async (namespace, parts, query = {}) => index.search(namespace, vector(parts), { k: 10, ...query }),
    })
  } finally {
    await index.close()
    await subject.dispose?.()
  }
}

const RULES: Rules = { ...SEARCHES, ...CHANGES, ...NAMESPACES, ...REFUSALS, ...AMOUNTS }
