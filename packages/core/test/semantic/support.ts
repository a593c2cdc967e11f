import { expect } from 'vitest'
import type { LlmCache } from '../../src/cache.js'
import type { DecisionPolicy } from '../../src/semantic/rule/policy.js'
import type { RequestParts } from '../engine/support.js'

export const ask = (content: string, more: object = {}): RequestParts => ({
  body: { model: 'gpt-4o', messages: [{ role: 'user', content }], ...more },
})
export const SKY = 'Why does the sky look blue at noon?'
export const SKY_AGAIN = 'Why does the sky look so blue at noon?'
export const OTHER = 'How do whales sleep under water?'

/** Serves what is near, and audits when told to. */
export function bold(audit: () => boolean = () => false): {
  policy: () => DecisionPolicy
  learnt: { same: boolean; rejected: boolean | undefined }[]
} {
  const learnt: { same: boolean; rejected: boolean | undefined }[] = []
  const policy = (): DecisionPolicy => ({
    name: 'bold',
    decide(candidate) {
      const near = candidate !== undefined && candidate.similarity > 0.6
      return { action: near ? (audit() ? 'audit' : 'serve') : 'ask', probability: 0.9, threshold: 0.5, error: 0.01, auditRate: 0.5 }
    },
    learn: ({ same, rejected }) => void learnt.push({ same, rejected }),
    inspect: () => ({ labels: learnt.length, audits: 0, auditedWrong: 0, threshold: 0.5, error: undefined, paused: undefined }),
    save: () => '',
    merge: () => true,
  })
  return { policy, learnt }
}

/** Learning goes on in the background. */
export async function settled(cache: LlmCache): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(cache).toBeDefined()
}
