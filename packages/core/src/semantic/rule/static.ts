/** A plain threshold on the cosine, as most semantic caches have it. It keeps no bound on wrong answers; it only measures them. */

import type { Candidate, Decision, DecisionPolicy } from './policy.js'

export interface StaticOptions {
  /** Cosine from which on an entry answers, -1 to 1. */
  readonly threshold: number
  /** Share of hits that are audited, 0 to 1. */
  readonly auditRate: number
  /** 0 to 1. */
  readonly random: () => number
}

export function createStaticPolicy({ threshold, auditRate, random }: StaticOptions): DecisionPolicy {
  let labels = 0
  let audits = 0
  let auditedWrong = 0
  const error = (): number | undefined => (audits === 0 ? undefined : auditedWrong / audits)

  function preview(candidate: Candidate | undefined): Decision {
    const common = { probability: undefined, threshold, auditRate: candidate ? auditRate : 1 }
    if (!candidate || !(candidate.similarity >= threshold)) return { ...common, action: 'ask', error: undefined }
    return { ...common, action: 'serve', error: error() }
  }

  return {
    name: 'static',
    preview,
    decide(candidate) {
      const decision = preview(candidate)
      return decision.action === 'serve' && random() < auditRate ? { ...decision, action: 'audit' } : decision
    },
    learn({ decision, same }) {
      labels++
      if (decision.action === 'ask') return
      audits++
      if (!same) auditedWrong++
    },
    inspect: () => ({ labels, audits, auditedWrong, threshold, error: error(), paused: undefined }),
    save: () => JSON.stringify({ static: 1 }),
    merge: () => true,
  }
}
