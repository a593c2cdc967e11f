/** Policies: whole sets of values for how boldly to cache, and which of them is in force. docs/policies.md is made from this table. */

import { invalid, isPlain } from '../checks.js'
import { OptionError } from '../errors.js'
import { describeValue, didYouMean } from '../lib/nearest.js'
import type { RouteOptions } from './options.js'

/** The policies that have a name. */
export type PolicyName = 'conservative' | 'balanced' | 'aggressive' | 'development'

/**
 * An app's own policy: any options of a route. What it leaves out it has from the policy that it `extends`; without one it changes
 * only what it names.
 *
 * @example
 * createLlmCache({ policy: { extends: 'aggressive', ttl: '6h', tags: ['v3'] } })
 */
export type Policy = Omit<RouteOptions, 'policy'> & { readonly extends?: PolicyName | undefined }

/** What each policy with a name decides: all of them decide the same options, so that naming another leaves nothing of the one before. */
export type PolicyValues = {
  readonly [K in 'ttl' | 'jitter' | 'staleWhileRevalidate' | 'staleIfError' | 'refreshAhead' | 'normalize' | 'toolCalls']: NonNullable<
    RouteOptions[K]
  >
}

export interface NamedPolicy {
  /** False: every request is a bypass. */
  readonly caching: boolean
  readonly values: PolicyValues
}

const BALANCED: PolicyValues = {
  ttl: '1h',
  jitter: 0,
  staleWhileRevalidate: 0,
  staleIfError: '1h',
  refreshAhead: false,
  normalize: 'default',
  toolCalls: false,
}

/** The one table. `balanced` holds the built-in defaults; `development` has the same, so that what is wrong there is wrong here. */
export const POLICIES: Readonly<Record<PolicyName, NamedPolicy>> = {
  conservative: {
    caching: true,
    values: { ttl: '5m', jitter: 0, staleWhileRevalidate: 0, staleIfError: 0, refreshAhead: false, normalize: 'exact', toolCalls: false },
  },
  balanced: { caching: true, values: BALANCED },
  aggressive: {
    caching: true,
    values: {
      ttl: '24h',
      jitter: 0.1,
      staleWhileRevalidate: '1h',
      staleIfError: '7d',
      refreshAhead: true,
      normalize: 'default',
      toolCalls: false,
    },
  },
  development: { caching: false, values: BALANCED },
}

export const POLICY_NAMES: readonly PolicyName[] = ['conservative', 'balanced', 'aggressive', 'development']

/** What made the choice of a policy. */
export type PolicyChoice = 'route option' | 'option' | 'LLM_CACHE_POLICY' | 'NODE_ENV' | 'default'

export interface ChosenPolicy {
  readonly policy: PolicyName | Policy
  readonly because: PolicyChoice
}

/**
 * The policy of a cache: the option, else the environment's LLM_CACHE_POLICY, else `development` where NODE_ENV says so, else
 * `balanced`. An empty variable counts as none.
 *
 * @throws OptionError for a wrong option, or a variable that names no policy
 */
export function choosePolicy(option: unknown, variable: (name: string) => string | undefined): ChosenPolicy {
  if (option !== undefined) return { policy: checkPolicy(option), because: 'option' }
  const named = variable('LLM_CACHE_POLICY')
  if (named) {
    if (!isPolicyName(named)) {
      const hint = didYouMean(named, POLICY_NAMES)
      throw new OptionError(
        'ERR_OPTION_INVALID',
        'LLM_CACHE_POLICY',
        `The environment variable LLM_CACHE_POLICY is ${describeValue(named)}, which is no policy${hint}`,
      )
    }
    return { policy: named, because: 'LLM_CACHE_POLICY' }
  }
  if (variable('NODE_ENV') === 'development') return { policy: 'development', because: 'NODE_ENV' }
  return { policy: 'balanced', because: 'default' }
}

/** @throws OptionError for what is neither the name of a policy nor an object; its values are not looked at */
export function checkPolicy(value: unknown): PolicyName | Policy {
  if (isPolicyName(value)) return value
  if (typeof value === 'string') throw invalid('policy', `is ${describeValue(value)}${didYouMean(value, POLICY_NAMES)}`)
  if (!isPlain(value as object)) {
    throw invalid(
      'policy',
      `is ${describeValue(value)}; it must be the name of a policy or an object such as { extends: 'balanced', ttl: '10m' }`,
    )
  }
  const policy = value as Policy
  if ('policy' in policy)
    throw new OptionError('ERR_OPTION_UNKNOWN', 'policy.policy', 'unknown option policy.policy; it is called `extends` there')
  if (policy.extends !== undefined && !isPolicyName(policy.extends)) {
    throw invalid('policy.extends', `is ${describeValue(policy.extends)}${didYouMean(policy.extends, POLICY_NAMES)}`)
  }
  return policy
}

/** The policy with a name behind `policy`; undefined where it stands for itself. */
export function namedPolicy(policy: PolicyName | Policy): PolicyName | undefined {
  return typeof policy === 'string' ? policy : policy.extends
}

function isPolicyName(value: unknown): value is PolicyName {
  return POLICY_NAMES.some((name) => name === value)
}
