/**
 * Which value of an option holds: the route's own, else that of the route's policy, else the cache's own, else that of the cache's
 * policy, else the default. docs/decisions/0017-policies.md says why in this order.
 */

import { invalid, isPlain, present } from '../checks.js'
import { OptionError } from '../errors.js'
import type { RefreshAheadOptions } from './ahead-options.js'
import type { LlmCacheOptions, RouteOptions } from './options.js'
import { type ChosenPolicy, checkPolicy, namedPolicy, POLICIES, type Policy, type PolicyChoice, type PolicyName } from './policies.js'
import { checkRouteNames, type Rule, resolveRule, routeDefaults } from './resolve.js'

/** Where a value comes from. */
export type ValueSource = 'route option' | 'route policy' | 'option' | 'policy' | 'default'

export interface PolicyInForce {
  /** `custom`: an object of the app's own. */
  readonly name: PolicyName | 'custom'
  /** What a custom policy builds on. */
  readonly extends: PolicyName | undefined
  readonly because: PolicyChoice
}

/** The rules of a route, and where they come from. */
export interface RuleInForce {
  readonly rule: Rule
  readonly policy: PolicyInForce
  /** All that was set, wherever; what is missing stands at its default. */
  readonly options: RouteOptions
  /** Where each of `options` comes from. */
  readonly sources: ReadonlyMap<string, ValueSource>
}

interface Layer {
  readonly source: ValueSource
  readonly values: RouteOptions
}

/**
 * The function from a route's options to its rules, for a cache with `cacheOptions`. Both throw OptionError.
 *
 * @param chosen the policy of the cache
 */
export function createRuleResolver(cacheOptions: LlmCacheOptions, chosen: ChosenPolicy): (routeOptions?: RouteOptions) => RuleInForce {
  const { policy: _, ...own } = routeDefaults(cacheOptions)
  const base: readonly Layer[] = [
    { source: 'policy', values: valuesOf(chosen.policy) },
    { source: 'option', values: own },
  ]
  checkValues(chosen.policy)

  return (routeOptions = {}) => {
    checkRouteNames(routeOptions)
    const { policy: option, ...values } = routeOptions
    const layers = [...base]
    let policy = chosen
    let caching = isCaching(chosen.policy) ?? true
    if (option !== undefined) {
      policy = { policy: checkPolicy(option), because: 'route option' }
      checkValues(policy.policy)
      caching = isCaching(policy.policy) ?? caching
      layers.push({ source: 'route policy', values: valuesOf(policy.policy) })
    }
    layers.push({ source: 'route option', values })
    const { options, sources } = combine(layers)
    // Whoever sets a variable where an app runs must not be able to stop it.
    const lenient = (name: keyof RouteOptions): boolean => chosen.because === 'LLM_CACHE_POLICY' && sources.get(name) === 'policy'
    const rule = resolveRule(options, { enabled: caching, lenient })
    if (rule.preload && !cacheOptions.preload)
      throw invalid('preload', 'is true for a route of a cache that does not preload; give `preload` to the cache too')
    return { rule, policy: inForce(policy), options, sources }
  }
}

function combine(layers: readonly Layer[]): Pick<RuleInForce, 'options' | 'sources'> {
  let options: RouteOptions = {}
  const sources = new Map<string, ValueSource>()
  for (const { source, values } of layers) {
    const set = present(values)
    for (const name of Object.keys(set)) sources.set(name, source)
    options = { ...options, ...set, ...added(set, options) }
  }
  return { options, sources }
}

/**
 * What is added to rather than replaced, so that a route that names one more cookie keeps the cache's secret and further fields, and
 * one that allows less keeps the cache's clamp.
 */
function added(options: RouteOptions, defaults: RouteOptions): RouteOptions {
  const result: { -readonly [K in keyof RouteOptions]: RouteOptions[K] } = {}
  const { credentials, controls, refreshAhead } = options
  if (isPlain(credentials) && isPlain(defaults.credentials)) {
    result.credentials = {
      ...defaults.credentials,
      ...present(credentials),
      headers: union(defaults.credentials.headers, credentials.headers),
      ignore: union(defaults.credentials.ignore, credentials.ignore),
    }
  }
  if (isPlain(controls) && isPlain(defaults.controls)) result.controls = { ...defaults.controls, ...present(controls) }
  if (isSettings(defaults.refreshAhead)) {
    if (refreshAhead === true) result.refreshAhead = defaults.refreshAhead
    else if (isSettings(refreshAhead)) result.refreshAhead = { ...defaults.refreshAhead, ...present(refreshAhead) }
  }
  return result
}

function isSettings(value: RouteOptions['refreshAhead']): value is RefreshAheadOptions {
  return typeof value === 'object' && isPlain(value)
}

/** Anything but two lists is left for the check of the option itself. */
function union(base: readonly string[] | undefined, more: readonly string[] | undefined): readonly string[] | undefined {
  return Array.isArray(base) && Array.isArray(more) ? [...base, ...more] : (more ?? base)
}

function valuesOf(policy: PolicyName | Policy): RouteOptions {
  if (typeof policy === 'string') return POLICIES[policy].values
  const { extends: name, ...own } = policy
  return { ...(name && POLICIES[name].values), ...present(own) }
}

/** An app's own policy is checked whole, whatever of it is overridden. */
function checkValues(policy: PolicyName | Policy): void {
  if (typeof policy === 'string') return
  try {
    const { extends: _, ...own } = policy
    checkRouteNames(own)
    resolveRule(valuesOf(policy), { lenient: () => true })
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    throw new OptionError(error.code as 'ERR_OPTION_INVALID', `policy.${error.option}`, `in policy: ${error.message}`)
  }
}

/** Undefined where the policy says nothing of it. */
function isCaching(policy: PolicyName | Policy): boolean | undefined {
  const name = namedPolicy(policy)
  return name && POLICIES[name].caching
}

function inForce({ policy, because }: ChosenPolicy): PolicyInForce {
  if (typeof policy === 'string') return { name: policy, extends: undefined, because }
  return { name: 'custom', extends: policy.extends, because }
}
