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
  readonly domain: string
  readonly policy: DecisionPolicy
  /** Labels that it has seen, about. */
  learnt: number
  unsaved: number
  working: boolean
  saving: boolean
}

export function createLearners({ create, version, records, clock }: LearnersOptions): Learners {
  /** Callers choose domains by the models that they name: who only asks, or has learnt less than all of the kept, waits here. */
  const waiting = new LRUCache<string, Learner>({ max: MAX_WAITING })
  const kept = new Map<string, Learner>()
  const running = new Set<Promise<unknown>>()
  let closed = false

  const all = (): readonly Learner[] => [...kept.values(), ...waiting.values()]
  const keyOf = (domain: string): string => `${RECORD_PREFIX}${version}.${domain}`

  function make(domain: string): Learner {
    return { domain, policy: create(), learnt: 0, unsaved: 0, working: false, saving: false }
  }

  function learnerOf(domain: string): Learner {
    const known = kept.get(domain) ?? waiting.get(domain)
    if (known) return known
    const learner = make(domain)
    waiting.set(domain, learner)
    if (records.lasting) track(load(learner))
    return learner
  }

  /** Keeps it, if need be in place of the one that has learnt least. */
  function rank(learner: Learner): void {
    const { domain } = learner
    if (learner.learnt === 0 || kept.get(domain) === learner) return
    if (kept.size >= MAX_DOMAINS) {
      const least = [...kept.values()].reduce((a, b) => (b.learnt < a.learnt ? b : a))
      if (least.learnt >= learner.learnt) return
      kept.delete(least.domain)
      waiting.set(least.domain, least)
    }
    waiting.delete(domain)
    kept.set(domain, learner)
  }

  function track(work: Promise<unknown>): void {
    running.add(work)
    void work.finally(() => running.delete(work))
  }

  /** False: the store could not be asked. */
  async function load(learner: Learner): Promise<boolean> {
    const texts = await records.read(keyOf(learner.domain))
    for (const text of texts ?? []) merge(learner, text)
    return texts !== undefined
  }

  function merge(learner: Learner, text: string): boolean {
    if (!learner.policy.merge(text)) return false
    learner.learnt = Math.max(learner.learnt, learner.policy.inspect().labels)
    rank(learner)
    work(learner)
    return true
  }

  /** Reads what the others have written, adds it, and writes all of it back; what could not be read is not overwritten. */
  async function save(learner: Learner): Promise<void> {
    const { unsaved } = learner
    if (learner.saving || unsaved === 0) return
    learner.saving = true
    const saved = (await load(learner)) && (await records.write(keyOf(learner.domain), learner.policy.save(), LIFETIME_MS))
    learner.saving = false
    if (saved) learner.unsaved -= unsaved
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
      learner.learnt++
      learner.unsaved++
      rank(learner)
      work(learner)
      if (records.lasting && learner.unsaved % SAVE_AFTER === 0 && !closed) track(save(learner))
    },
    inspect: () => all().map(({ domain, policy }) => ({ domain, policy: policy.name, ...policy.inspect() })),
    export: () => Object.fromEntries(all().map(({ domain, policy }) => [domain, policy.save()])),
    import(saved) {
      let read = 0
      for (const [domain, text] of Object.entries(saved)) if (merge(learnerOf(domain), text)) read++
      return read
    },
    async close() {
      closed = true
      await Promise.all(running)
      if (records.lasting) await Promise.all(all().map(save))
    },
  }
}

const RECORD_PREFIX = 'lc0.semantic.'
const LIFETIME_MS = 90 * 24 * 60 * 60 * 1000
const MAX_DOMAINS = 200
const MAX_WAITING = 50
/** Labels. */
const SAVE_AFTER = 50
const SLICE_MS = 2
