/**
 * One decision policy for each kind of traffic (domain), kept in the store, so that it survives restarts and processes learn together.
 * A policy may be the app's own: what it throws ends neither a request nor the process.
 */

import { LRUCache } from 'lru-cache'
import { sha256 } from '#platform'
import { isThenable } from '../lib/deadline.js'
import { createTurns as createPauses } from '../lib/turn.js'
import type { Clock } from '../ports.js'
import type { Records } from '../stores/records.js'
import { createBackground } from './background.js'
import type { Candidate, Decision, DecisionPolicy, Outcome, PolicyState } from './rule/policy.js'

export interface Learners {
  /** The policy of a domain, or one that serves nothing where it could not be made; what was learnt before is added as soon as it is read. */
  of(domain: string): DecisionPolicy
  /** An answer was sent for another prompt. */
  served(domain: string, candidate: Candidate, decision: Decision): void
  learn(domain: string, outcome: Outcome): void
  inspect(): readonly (PolicyState & { readonly domain: string; readonly policy: string })[]
  /** What all have learnt, for another process: no prompts, no answers. */
  export(): Readonly<Record<string, string>>
  /** @returns how many of them could be read */
  import(saved: Readonly<Record<string, string>>): number
  /** Hands over what is not saved; where the store cannot be read it is tried once more, a second later. Does not wait for writes. */
  close(): Promise<void>
}

export interface LearnersOptions {
  readonly create: () => DecisionPolicy
  /** Names everything that labels depend on besides the domain: the embedder's id. */
  readonly version: string
  readonly records: Records
  readonly clock: Clock
  /** Told what a policy threw. @default nobody is told */
  readonly onFailed?: (error: unknown) => void
}

interface Learner {
  readonly domain: string
  /** Where what it learns is kept. */
  readonly key: string
  readonly policy: DecisionPolicy
  /** Labels that it has seen, about. */
  learnt: number
  unsaved: number
  working: boolean
  saving: boolean
  /** Digest of what it wrote or read last. */
  stored: string
}

export function createLearners({ create, version, records, clock, onFailed = () => {} }: LearnersOptions): Learners {
  /** Callers choose domains by the models that they name: who only asks, or has learnt less than all of the kept, waits here. */
  const waiting = new LRUCache<string, Learner>({ max: MAX_WAITING })
  const kept = new Map<string, Learner>()
  const running = new Set<Promise<unknown>>()
  const background = createBackground(clock)
  let closed = false

  const all = (): readonly Learner[] => [...kept.values(), ...waiting.values()]

  /** Undefined: it threw, and this was told. */
  function attempt<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      onFailed(error)
      return undefined
    }
  }

  /** Undefined where its policy cannot be made; the next call tries again. */
  function learnerOf(domain: string): Learner | undefined {
    const known = kept.get(domain) ?? waiting.get(domain)
    if (known) return known
    const made = attempt(() => {
      const policy = create()
      return { policy, key: `${RECORD_PREFIX}${version}.${formOf(policy)}.${domain}` }
    })
    if (!made) return undefined
    const learner: Learner = { domain, ...made, learnt: 0, unsaved: 0, working: false, saving: false, stored: '' }
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
    const texts = await records.read(learner.key)
    for (const text of texts ?? []) {
      // What it wrote itself teaches nothing, and reading thousands of labels holds the event loop.
      const digest = sha256(text)
      if (digest !== learner.stored && (await mergeInTurns(learner, text))) learner.stored = digest
    }
    return texts !== undefined
  }

  const merge = (learner: Learner, text: string): boolean =>
    merged(
      learner,
      attempt(() => learner.policy.merge(text)),
    )

  /** As `merge`, a little at a time, where the policy can. */
  async function mergeInTurns(learner: Learner, text: string): Promise<boolean> {
    const { policy } = learner
    if (!policy.merging) return merge(learner, text)
    const steps = attempt(() => policy.merging?.(text))
    const turns = createPauses(clock)
    for (;;) {
      const step = attempt(() => steps?.next())
      if (!step || step.done) return merged(learner, step?.value)
      const turn = turns()
      if (turn) await turn
    }
  }

  /** @param read undefined: it threw */
  function merged(learner: Learner, read: boolean | undefined): boolean {
    if (read === false) onFailed(new UnreadableLearningError())
    if (!read) return false
    learner.learnt = Math.max(learner.learnt, attempt(() => learner.policy.inspect().labels) ?? 0)
    rank(learner)
    work(learner)
    return true
  }

  /**
   * Reads what the others have written, adds it, and hands all of it over to be written, which may take as long as the store is away.
   * False: what could not be read is not overwritten.
   */
  async function save(learner: Learner): Promise<boolean> {
    const { unsaved } = learner
    if (unsaved === 0) return true
    if (!(await load(learner))) return false
    const text = attempt(() => learner.policy.save())
    if (text === undefined) return true
    learner.saving = true
    void records.write(learner.key, text, LIFETIME_MS).then((saved) => {
      learner.saving = false
      if (!saved) return
      learner.stored = sha256(text)
      learner.unsaved = Math.max(0, learner.unsaved - unsaved)
    })
    return true
  }

  function work(learner: Learner): void {
    if (learner.working || closed) return
    const steps = attempt(() => learner.policy.work?.())
    if (!steps) return
    learner.working = true
    background.add(() => {
      const step = attempt(() => steps.next())
      if (step?.done === false) return false
      learner.working = false
      return true
    })
  }

  return {
    of: (domain) => learnerOf(domain)?.policy ?? UNMADE,
    served(domain, candidate, decision) {
      attempt(() => learnerOf(domain)?.policy.served?.(candidate, decision))
    },
    learn(domain, outcome) {
      const learner = learnerOf(domain)
      if (!learner) return
      try {
        // Nothing stops an app's own from being asynchronous.
        const learning: unknown = learner.policy.learn(outcome)
        if (isThenable(learning)) learning.then(undefined, onFailed)
      } catch (error) {
        onFailed(error)
        return
      }
      learner.learnt++
      learner.unsaved++
      rank(learner)
      work(learner)
      if (records.lasting && learner.unsaved % SAVE_AFTER === 0 && !learner.saving && !closed) track(save(learner))
    },
    inspect: () => all().flatMap(({ domain, policy }) => attempt(() => ({ domain, policy: policy.name, ...policy.inspect() })) ?? []),
    export: () => Object.fromEntries(all().flatMap(({ domain, policy }) => attempt(() => [[domain, policy.save()]]) ?? [])),
    import(saved) {
      let read = 0
      for (const [domain, text] of Object.entries(saved)) {
        const learner = learnerOf(domain)
        if (learner && merge(learner, text)) read++
      }
      return read
    },
    async close() {
      closed = true
      background.close()
      await Promise.all(running)
      if (!records.lasting) return
      const saved = await Promise.all(all().map(async (learner) => ({ learner, done: await save(learner) })))
      const unread = saved.filter(({ done }) => !done)
      if (unread.length === 0) return
      // A store that is being restarted may be back by then; whoever closes does not wait for longer.
      await new Promise<void>((resolve) => void clock.schedule(RETRY_MS, resolve))
      await Promise.all(unread.map(({ learner }) => save(learner)))
    },
  }
}

/** What two policies have in common that read what the other has saved. @throws TypeError where it is no policy, and what its getters throw */
function formOf({ name, version = 0 }: DecisionPolicy): string {
  if (typeof name !== 'string') throw new TypeError('A decision policy has a name.')
  return sha256(`${name} ${version}`).slice(0, 8)
}

/** Stands for a policy that could not be made. */
const UNMADE: DecisionPolicy = {
  name: 'unmade',
  decide: () => ({ action: 'ask', probability: undefined, threshold: Number.POSITIVE_INFINITY, error: undefined, auditRate: 1 }),
  learn() {},
  inspect: () => ({
    labels: 0,
    audits: 0,
    auditedWrong: 0,
    threshold: Number.POSITIVE_INFINITY,
    error: undefined,
    paused: 'learning',
  }),
  save: () => '',
  merge: () => false,
}
const RECORD_PREFIX = 'lc0.semantic.'
const LIFETIME_MS = 90 * 24 * 60 * 60 * 1000
const MAX_DOMAINS = 200
const MAX_WAITING = 50
/** Labels. */
const SAVE_AFTER = 50
const RETRY_MS = 1000

/** What was kept of what was learnt cannot be read: it is learnt anew. */
class UnreadableLearningError extends Error {
  override readonly name: string = 'UnreadableLearningError'
}
