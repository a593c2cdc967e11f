/** One decision policy for each kind of traffic (domain), kept in the store, so that it survives restarts and processes learn together. */

import { LRUCache } from 'lru-cache'
import type { Clock } from '../ports.js'
import type { Records } from '../stores/records.js'
import type { DecisionPolicy, Outcome, PolicyState } from './rule/policy.js'

export interface Learners {
  /** The policy of a domain; what was learnt before is added to it as soon as it is read. */
  of(domain: string): DecisionPolicy
  learn(domain: string, outcome: Outcome): void
  inspect(): readonly (PolicyState & { readonly domain: string; readonly policy: string })[]
  /** What all have learnt, for another process: no prompts, no answers. */
  export(): Readonly<Record<string, string>>
  /** @returns how many of them could be read */
  import(saved: Readonly<Record<string, string>>): number
  close(): Promise<void>
}

export interface LearnersOptions {
  readonly create: () => DecisionPolicy
  /** Names everything that labels depend on besides the domain: the embedder's id. */
  readonly version: string
  readonly records: Records
  readonly clock: Clock
}

interface Learner {
  readonly policy: DecisionPolicy
  unsaved: number
  working: boolean
}

export function createLearners({ create, version, records, clock }: LearnersOptions): Learners {
  const learners = new LRUCache<string, Learner>({ max: MAX_DOMAINS })
  const saving = new Set<Promise<void>>()
  let closed = false

  function learnerOf(domain: string): Learner {
    const known = learners.get(domain)
    if (known) return known
    const learner: Learner = { policy: create(), unsaved: 0, working: false }
    learners.set(domain, learner)
    if (records.lasting) track(load(domain, learner))
    return learner
  }

  function track(work: Promise<void>): void {
    saving.add(work)
    void work.finally(() => saving.delete(work))
  }

  const keyOf = (domain: string): string => `${RECORD_PREFIX}${version}.${domain}`

  async function load(domain: string, { policy }: Learner): Promise<void> {
    for (const text of (await records.read(keyOf(domain))) ?? []) policy.merge(text)
  }

  /** Reads what the others have written, adds it, and writes all of it back. */
  async function save(domain: string, learner: Learner): Promise<void> {
    learner.unsaved = 0
    await load(domain, learner)
    await records.write(keyOf(domain), learner.policy.save(), LIFETIME_MS)
  }

  /** A slice a turn, so that requests come in between. */
  function work(learner: Learner): void {
    if (learner.working || closed) return
    const steps = learner.policy.work?.()
    if (!steps) return
    learner.working = true
    const go = (): void => {
      const from = clock.monotonic()
      while (!closed) {
        if (steps.next().done) break
        if (clock.monotonic() - from >= SLICE_MS) {
          clock.schedule(0, go)
          return
        }
      }
      learner.working = false
    }
    clock.schedule(0, go)
  }

  return {
    of: (domain) => learnerOf(domain).policy,
    learn(domain, outcome) {
      const learner = learnerOf(domain)
      learner.policy.learn(outcome)
      work(learner)
      learner.unsaved++
      if (records.lasting && learner.unsaved >= SAVE_AFTER && !closed) track(save(domain, learner))
    },
    inspect: () => [...learners.entries()].map(([domain, { policy }]) => ({ domain, policy: policy.name, ...policy.inspect() })),
    export: () => Object.fromEntries([...learners.entries()].map(([domain, { policy }]) => [domain, policy.save()])),
    import(saved) {
      let read = 0
      for (const [domain, text] of Object.entries(saved)) {
        const learner = learnerOf(domain)
        if (learner.policy.merge(text)) read++
        work(learner)
      }
      return read
    },
    async close() {
      closed = true
      for (const [domain, learner] of learners.entries()) if (records.lasting && learner.unsaved > 0) track(save(domain, learner))
      await Promise.all(saving)
    },
  }
}

const RECORD_PREFIX = 'lc0.semantic.'
const LIFETIME_MS = 90 * 24 * 60 * 60 * 1000
const MAX_DOMAINS = 200
const SAVE_AFTER = 50
const SLICE_MS = 2
