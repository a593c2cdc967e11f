/** The port of decision policies: whether the nearest entry answers a prompt. */

import type { Features } from './features.js'

/** An entry near a prompt, after every guard let it pass. */
export interface Candidate {
  readonly features: Features
  /** Cosine. */
  readonly similarity: number
  readonly entryId: string
  /** Digest of who asks; undefined where that is not known. */
  readonly caller?: string | undefined
  /**
   * Whatever is decided, it is not sent (no second user has confirmed it, or the caller wants a nearer one): the origin answers, and its
   * answer teaches.
   *
   * @default false
   */
  readonly withheld?: boolean | undefined
}

export interface Decision {
  /**
   * `serve`: the entry answers. `audit`: it would, but the origin is asked (or asked afterwards) to see whether it does. `ask`: the
   * origin answers, and its answer teaches.
   */
  readonly action: 'serve' | 'audit' | 'ask'
  /** Probability that the entry answers the prompt; undefined where the policy has none. */
  readonly probability: number | undefined
  /** What it is compared with: a probability, or a cosine where `probability` is undefined. */
  readonly threshold: number
  /** Share of wrong answers among hits that is reckoned with; undefined where nothing is known. */
  readonly error: number | undefined
  /** Chance that a candidate like this one is audited. */
  readonly auditRate: number
}

/** What the origin's answer showed about a decision. */
export interface Outcome {
  readonly candidate: Candidate
  readonly decision: Decision
  /** Whether both answers say the same. */
  readonly same: boolean
  /** A user said so: it counts more than a judge. @default false */
  readonly rejected?: boolean | undefined
  /** Digest of whose request, or whose word, showed it; undefined where that is not known. */
  readonly caller?: string | undefined
}

export interface DecisionPolicy {
  /** Short, stable label: 'adaptive', 'vcache', 'static'. */
  readonly name: string
  /** Names the form of what `save` gives: what was saved under another one is not read, nor overwritten. @default 0 */
  readonly version?: number | undefined
  /**
   * Which entry its candidates are: the nearest of all, or of the group of equal answers that most of what is near belongs to. The nearest
   * of all always where it is the same prompt but for its spelling.
   *
   * @default 'nearest'
   */
  readonly considers?: 'nearest' | 'group' | undefined
  /** @param candidate undefined where there was none, which counts as a request all the same */
  decide(candidate: Candidate | undefined): Decision
  /** As `decide`, but nothing is counted and no lots are drawn: 'serve' where it might be audited. Absent: `explain` cannot tell. */
  preview?(candidate: Candidate): Decision
  /** What it decided to serve was sent. Not all is: an entry may be gone by then. */
  served?(candidate: Candidate, decision: Decision): void
  learn(outcome: Outcome): void
  /** Work that is due, in slices of about a millisecond each; undefined where there is none. Called off the request path. */
  work?(): Iterator<void> | undefined
  /** What it knows, for people. */
  inspect(): PolicyState
  /** What it learnt, as text that `merge` reads, also in another process: no prompts, no answers. */
  save(): string
  /** Adds what was saved elsewhere or earlier. False: it cannot be read, and nothing changed. */
  merge(saved: string): boolean
  /** As `merge`, in slices as those of `work`, between which it may learn. @default `merge`, all at once */
  merging?(saved: string): Iterator<void, boolean>
}

export interface PolicyState {
  /** Answers that were judged, within what is kept of them. */
  readonly labels: number
  /** Those of them for what was served or would have been, and how many of these were wrong. Audits are drawn more often at first. */
  readonly audits: number
  readonly auditedWrong: number
  /** As `Decision.threshold`; Infinity where nothing is served. */
  readonly threshold: number
  /**
   * Share of wrong answers among hits that is reckoned with, as `Decision.error`. `adaptive`: the most by what is known, with the
   * confidence that was asked for; `static`: the upper end of the 95 % interval of the audits (Wilson 1927); `vcache`: the bound, which it takes of all requests.
   */
  readonly error: number | undefined
  /**
   * Why nothing is served; undefined where something may be. `learning`: too little is known yet; `drift`: more answers were wrong than
   * chance explains, so it learns anew; `bound`: no threshold keeps the bound.
   */
  readonly paused: 'learning' | 'drift' | 'bound' | undefined
  /** What the model goes by: a weight for each feature, of values about 0 to 1. */
  readonly coefficients?: Readonly<Record<string, number>> | undefined
}
