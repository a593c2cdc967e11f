/** A plain threshold on the cosine, as most semantic caches have it. It keeps no bound on wrong answers; it only measures them. */

import { wilson } from '../../lib/wilson.js'
import type { Candidate, Decision, DecisionPolicy } from './policy.js'

export interface StaticOptions {
  /** Cosine from which on an entry answers, -1 to 1. */
  readonly threshold: number
  /** Share of hits that are audited, 0 to 1. */
  readonly auditRate: number
  /** 0 to 1. */
  readonly random: () => number
  /** Names this process, at random: what it counted is told apart from what others did. At most 40 characters. */
  readonly by: string
}

/** Labels, audits, and the wrong ones among these, that one process counted. They only grow. */
type Counts = readonly [labels: number, audits: number, wrong: number]

/**
 * What is saved are the counts of each process that is known (a grow-only counter: Shapiro et al., "Conflict-free Replicated Data
 * Types", 2011), so that nothing counts twice however often it is merged; of more than 100 processes those with the fewest labels go.
 */
export function createStaticPolicy({ threshold, auditRate, random, by }: StaticOptions): DecisionPolicy {
  const processes = new Map<string, Counts>()
  let all: Counts = NONE
  /** The most by what was audited: one audit that found no error promises nothing. */
  const error = (): number | undefined => (all[1] === 0 ? undefined : wilson(all[2], all[1]).high)

  function add(process: string, counts: Counts): void {
    processes.set(process, larger(processes.get(process) ?? NONE, counts))
    if (processes.size > MAX_PROCESSES) {
      const others = [...processes].filter(([name]) => name !== by)
      const [least] = others.reduce((a, b) => (b[1][0] < a[1][0] ? b : a))
      processes.delete(least)
    }
    all = [...processes.values()].reduce((a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]], NONE)
  }

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
      const [labels, audits, wrong] = processes.get(by) ?? NONE
      const isAudit = decision.action !== 'ask'
      add(by, [labels + 1, audits + (isAudit ? 1 : 0), wrong + (isAudit && !same ? 1 : 0)])
    },
    inspect: () => ({ labels: all[0], audits: all[1], auditedWrong: all[2], threshold, error: error(), paused: undefined }),
    save: () => JSON.stringify({ static: 1, threshold, processes: [...processes] }),
    merge(saved) {
      const read = readCounts(saved, threshold)
      for (const [process, counts] of read ?? []) add(process, counts)
      return read !== undefined
    },
  }
}

function larger(a: Counts, b: Counts): Counts {
  return [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.max(a[2], b[2])]
}

/** What was counted at another threshold says nothing of this one. */
function readCounts(saved: string, threshold: number): readonly (readonly [string, Counts])[] | undefined {
  try {
    const read = JSON.parse(saved) as { static?: unknown; threshold?: unknown; processes?: unknown }
    if (read.static !== 1 || read.threshold !== threshold || !Array.isArray(read.processes)) return undefined
    const processes = read.processes as readonly unknown[]
    return processes.length <= MAX_PROCESSES && processes.every(isProcess) ? processes : undefined
  } catch {
    return undefined
  }
}

function isProcess(value: unknown): value is readonly [string, Counts] {
  if (!Array.isArray(value) || typeof value[0] !== 'string' || value[0].length > MAX_NAME || !Array.isArray(value[1])) return false
  const [labels, audits, wrong, ...more] = value[1] as readonly number[]
  const areCounts = more.length === 0 && [labels, audits, wrong].every((count) => Number.isSafeInteger(count) && (count as number) >= 0)
  return areCounts && (wrong as number) <= (audits as number) && (audits as number) <= (labels as number)
}

const NONE: Counts = [0, 0, 0]
const MAX_PROCESSES = 100
const MAX_NAME = 40
