import { describe, expect, it } from 'vitest'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import type { Candidate, DecisionPolicy, Outcome } from '../../src/semantic/rule/policy.js'
import { completion, field, type Harness, harness, open, type RequestParts, record, request } from '../engine/support.js'
import { ask, bold, OTHER, SKY, SKY_AGAIN, settled } from './support.js'

/** A cache whose policy is watched: what it is asked, what it is told was sent, and what it learns. */
function watched(
  options: LlmCacheOptions = {},
  audit = false,
): Harness & { asked: Candidate[]; sent: Candidate[]; learnt: Outcome[]; actions: string[] } {
  const asked: Candidate[] = []
  const sent: Candidate[] = []
  const learnt: Outcome[] = []
  const actions: string[] = []
  const policy = (): DecisionPolicy => {
    const inner = bold(() => audit).policy()
    return {
      ...inner,
      decide(candidate) {
        if (candidate) asked.push(candidate)
        return inner.decide(candidate)
      },
      served(candidate, { action }) {
        sent.push(candidate)
        actions.push(action)
      },
      learn: (outcome) => void learnt.push(outcome),
    }
  }
  const made = harness({ strategy: 'hybrid', ...options, semantic: { policy, ...options.semantic } })
  return { ...made, asked, sent, learnt, actions }
}

function by(user: string, content: string, control?: string): RequestParts {
  return { ...ask(content), headers: { authorization: `Bearer ${user}`, ...(control && { 'x-llm-cache-control': control }) } }
}

async function answered({ cache }: Harness, parts: RequestParts): Promise<void> {
  await record(cache, parts, completion('Rayleigh.'))
  await settled(cache)
}

const sky = (word: string): string => `Why does the sky look ${word} blue at noon?`

describe('a policy is told who asks, by a digest', () => {
  it.each(['shared', 'private', () => 'everybody'] as const)('under partition %s', async (partition) => {
    const made = watched({ partition }, true)
    for (const [word, user] of Object.entries({ so: 'ann', very: 'ann', really: 'bob', quite: 'bob' }))
      await answered(made, by(user, sky(word)))
    const callers = made.learnt.map(({ caller }) => caller)
    expect(new Set(callers).size).toBe(2)
    for (const caller of callers) expect(caller).toMatch(/^[\w-]{22}$/)
    expect(made.asked.map(({ caller }) => caller)).toEqual(callers)
  })

  it('who rejects an answer in a request, and who was sent one that the app rejects', async () => {
    for (const [control, expected] of [
      [true, 'bob'],
      [false, 'ann'],
    ] as const) {
      const made = watched({ partition: 'shared' })
      await answered(made, by('ann', SKY))
      const { reply } = await open(made.cache, by('ann', SKY_AGAIN), 'replay')
      const id = field(reply.headers, 'x-llm-cache-id') as string
      if (control) await open(made.cache, by('bob', OTHER, `reject=${id}`), 'record')
      else await made.cache.reject(id)
      await answered(made, by('bob', sky('very')))
      await open(made.cache, by('bob', sky('really')), 'replay')
      const [ann, bob] = [made.asked[0], made.asked.at(-1)].map((candidate) => candidate?.caller)
      expect(ann).not.toBe(bob)
      expect(made.learnt[0]).toMatchObject({ rejected: true, same: false, caller: expected === 'ann' ? ann : bob })
    }
  })
})

describe('a policy is told what is sent', () => {
  it('and beforehand what is not, whatever it says: no second user, or not near enough for the caller', async () => {
    const made = watched({ partition: 'shared' })
    await answered(made, by('ann', SKY))
    await answered(made, by('bob', SKY_AGAIN))
    expect([made.last('semantic-lookup').outcome, made.asked.at(-1)?.withheld]).toEqual(['quorum', true])
    await answered(made, by('ann', sky('very'), 'threshold=0.999'))
    expect([made.last('semantic-lookup').outcome, made.asked.at(-1)?.withheld]).toEqual(['unsure', true])
    expect(made.sent).toEqual([])
    // Both taught all the same: their answers were seen for certain.
    expect(made.learnt.map(({ decision }) => [decision.action, decision.auditRate])).toEqual([
      ['serve', 1],
      ['serve', 1],
    ])
    await open(made.cache, by('carol', sky('really')), 'replay')
    expect(made.asked.at(-1)?.withheld).toBeUndefined()
    expect(made.sent).toEqual([made.asked.at(-1)])
  })

  it('an audit only where the answer goes out before it', async () => {
    const made = watched({ semantic: { audit: 'verify' } }, true)
    await answered(made, by('ann', SKY))
    const again = { again: () => new Promise<undefined>(() => undefined) }
    await answered(made, by('ann', SKY_AGAIN))
    expect(made.actions).toEqual([])
    await open(made.cache, Object.assign(request(by('ann', sky('very'))), again), 'replay')
    expect(made.actions).toEqual(['audit'])
  })

  it('nothing that was gone when it was to be sent', async () => {
    const made = watched()
    await answered(made, by('ann', SKY))
    made.clock.advance(60_000)
    const parts = by('ann', SKY_AGAIN)
    await open(made.cache, { ...parts, headers: { ...parts.headers, 'cache-control': 'max-age=10' } }, 'record')
    expect(made.last('semantic-lookup').outcome).toBe('entry-gone')
    expect(made.sent).toEqual([])
  })
})
