/**
 * What becomes of a request, by the state of the entry, what the caller asks for, the windows of the route, and what the origin does.
 * docs/stale-answers.md shows these tables, and every adapter is tested against each of their rows.
 */

import type { LlmCacheOptions } from '../../engine/options.js'

/** What the cache does with a request. */
export type Action =
  /** The entry, fresh. */
  | 'hit'
  /** The entry, marked STALE, while one request in the background asks the origin. */
  | 'stale, refresh'
  /** The entry, marked STALE; the origin is not asked. */
  | 'stale'
  /** The origin's answer, whatever it is. */
  | 'origin'
  /** The origin's answer; the entry, marked STALE, where the origin fails. */
  | 'origin, else stale'
  /** 504: the caller did not want the origin to be asked. */
  | '504'

/** Lifetimes of the matrix, in seconds: `ttl`, and the windows after it. */
export const MATRIX_TTL = 10

export interface Windows {
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
}

/** Windows of a route: those of the policies, and both together. In seconds. */
export const WINDOWS: Readonly<Record<string, Windows>> = {
  none: { staleWhileRevalidate: 0, staleIfError: 0 },
  'if-error': { staleWhileRevalidate: 0, staleIfError: 3600 },
  both: { staleWhileRevalidate: 30, staleIfError: 3600 },
}

/** Seconds since the entry was stored; undefined: there is none. */
export const STATES: Readonly<Record<string, number | undefined>> = {
  absent: undefined,
  fresh: 5,
  'just stale': 15,
  stale: 60,
  'long gone': 4000,
}

export interface MatrixRow {
  /** The request's `Cache-Control`; '' for none. */
  readonly directive: string
  /** By state, then by windows; one action where the windows make no difference. */
  readonly actions: Readonly<Record<string, Action | Readonly<Record<string, Action>>>>
}

const UNKNOWN = { absent: 'origin', 'long gone': 'origin' } as const

export const MATRIX: readonly MatrixRow[] = [
  {
    directive: '',
    actions: {
      ...UNKNOWN,
      fresh: 'hit',
      'just stale': { none: 'origin', 'if-error': 'origin, else stale', both: 'stale, refresh' },
      stale: { none: 'origin', 'if-error': 'origin, else stale', both: 'origin, else stale' },
    },
  },
  {
    directive: 'no-cache',
    actions: { ...UNKNOWN, fresh: 'origin', 'just stale': 'origin', stale: 'origin' },
  },
  {
    directive: 'no-cache, stale-if-error=600',
    actions: {
      ...UNKNOWN,
      fresh: { none: 'origin', 'if-error': 'origin, else stale', both: 'origin, else stale' },
      'just stale': { none: 'origin', 'if-error': 'origin, else stale', both: 'origin, else stale' },
      stale: { none: 'origin', 'if-error': 'origin, else stale', both: 'origin, else stale' },
    },
  },
  {
    directive: 'max-age=3',
    actions: { ...UNKNOWN, fresh: 'origin', 'just stale': 'origin', stale: 'origin' },
  },
  {
    directive: 'max-age=20',
    actions: {
      ...UNKNOWN,
      fresh: 'hit',
      'just stale': { none: 'origin', 'if-error': 'origin, else stale', both: 'stale, refresh' },
      stale: 'origin',
    },
  },
  {
    directive: 'min-fresh=8',
    actions: { ...UNKNOWN, fresh: 'origin', 'just stale': 'origin', stale: 'origin' },
  },
  {
    directive: 'max-stale=20',
    actions: {
      ...UNKNOWN,
      fresh: 'hit',
      'just stale': { none: 'origin', 'if-error': 'stale', both: 'stale' },
      stale: 'origin',
    },
  },
  {
    directive: 'stale-if-error=20',
    actions: {
      ...UNKNOWN,
      fresh: 'hit',
      'just stale': { none: 'origin', 'if-error': 'origin, else stale', both: 'stale, refresh' },
      stale: 'origin',
    },
  },
  {
    directive: 'only-if-cached',
    actions: {
      absent: '504',
      'long gone': '504',
      fresh: 'hit',
      'just stale': { none: '504', 'if-error': 'stale', both: 'stale' },
      stale: { none: '504', 'if-error': 'stale', both: 'stale' },
    },
  },
]

/** What the origin does: whether that is a failure for which a stale answer makes up. */
export const OUTCOMES: Readonly<Record<string, boolean>> = {
  'a good answer': false,
  '400': false,
  '429': true,
  '503': true,
  'a handler that throws': true,
  'a stream that fails before its first byte': true,
}

/** The action of one row under these windows and in this state. */
export function actionOf({ actions }: MatrixRow, state: string, windows: string): Action {
  const found = actions[state]
  const action = typeof found === 'string' ? found : found?.[windows]
  if (action === undefined) throw new Error(`The matrix says nothing of ${state} under ${windows}`)
  return action
}

/** Seconds since the entry was stored, for the lifetimes of the policies; undefined: there is none. */
export const AGES: Readonly<Record<string, number | undefined>> = {
  absent: undefined,
  '1 min': 60,
  '10 min': 600,
  '90 min': 5400,
  '24.5 h': 88_200,
  '3 d': 259_200,
  '9 d': 777_600,
}

export interface PolicyRow {
  /** Options of the cache, as the page shows them. */
  readonly name: string
  readonly options: Pick<LlmCacheOptions, 'policy' | 'staleIfSlow' | 'jitter'>
  /** By age, in the order of `AGES`. */
  readonly actions: readonly (Action | 'origin, else stale; stale if slow')[]
}

/** How long the origin may be silent in the rows with `staleIfSlow`, in ms. */
export const SLOW_MS = 3000

/** What becomes of a request that asks for nothing, by the policy. */
export const POLICY_MATRIX: readonly PolicyRow[] = [
  {
    name: 'conservative',
    options: { policy: 'conservative' },
    actions: ['origin', 'hit', 'origin', 'origin', 'origin', 'origin', 'origin'],
  },
  {
    name: 'balanced',
    options: { policy: 'balanced' },
    actions: ['origin', 'hit', 'hit', 'origin, else stale', 'origin', 'origin', 'origin'],
  },
  {
    name: 'balanced, staleIfSlow',
    options: { policy: 'balanced', staleIfSlow: SLOW_MS },
    actions: ['origin', 'hit', 'hit', 'origin, else stale; stale if slow', 'origin', 'origin', 'origin'],
  },
  {
    name: 'aggressive',
    // Its lifetimes end at moments of their own, up to a tenth earlier.
    options: { policy: 'aggressive', jitter: 0 },
    actions: ['origin', 'hit', 'hit', 'hit', 'stale, refresh', 'origin, else stale', 'origin'],
  },
  {
    name: 'aggressive, staleIfSlow',
    options: { policy: 'aggressive', jitter: 0, staleIfSlow: SLOW_MS },
    actions: ['origin', 'hit', 'hit', 'hit', 'stale, refresh', 'origin, else stale; stale if slow', 'origin'],
  },
  {
    name: 'development',
    options: { policy: 'development' },
    actions: ['origin', 'origin', 'origin', 'origin', 'origin', 'origin', 'origin'],
  },
]
