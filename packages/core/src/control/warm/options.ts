/** Options of a run, and what they are resolved to. */

import { checkNames, checkObject, countOf, functionOf, invalid } from '../../checks.js'
import type { AppTarget } from '../../dispatch/target.js'
import type { HeaderPairs } from '../../exchange.js'
import { describeValue } from '../../lib/nearest.js'
import { isHost, readFields } from './request.js'
import type { WarmProgress, WarmReport } from './tally.js'

/** How a run goes on, and what ends it. */
export interface WarmOptions {
  /** The app that the requests go to, through all of its middleware. @default the cache's option `app` */
  readonly app?: AppTarget | undefined
  /** The name by which callers reach the app: it is part of each key. Needed unless the requests name it themselves. */
  readonly host?: string | undefined
  /** Fields of every request, such as the credentials by which the app lets it in. A request's own come first. */
  readonly headers?: Readonly<Record<string, string>> | HeaderPairs | undefined
  /** Requests under way at once, 1 to 1000. @default 2 */
  readonly concurrency?: number | undefined
  /** Most requests a second that may ask a model. @default as fast as answers come */
  readonly ratePerSecond?: number | undefined
  /** The run ends before its answers have more tokens than this, input and output. @default no bound */
  readonly maxTokens?: number | undefined
  /** The run ends before its answers cost more US dollars than this. @default no bound */
  readonly maxUsd?: number | undefined
  /** So many failures in a row end the run: the app refuses all of them, or the model is down. @default 20 */
  readonly maxFailures?: number | undefined
  /** Of `'popular'` requests, so many. @default 100 */
  readonly top?: number | undefined
  /** Ends the run: nothing more is sent, what is under way has ten seconds to end. */
  readonly signal?: AbortSignal | undefined
  /** Told after each request. What it throws ends the run. */
  readonly onProgress?: ((progress: WarmProgress) => void) | undefined
}

/** Options of runs that begin by themselves. */
export interface WarmScheduleOptions extends WarmOptions {
  /** Time zone of the expression: `'Europe/Berlin'`. @default that of this machine */
  readonly timezone?: string | undefined
  /** Gets the report of each run. */
  readonly onReport?: ((report: WarmReport) => void) | undefined
  /** Gets what a run threw, such as the error of a source that failed. @default an event `internal-error` */
  readonly onError?: ((error: unknown) => void) | undefined
}

export interface WarmPlan {
  readonly app: AppTarget | undefined
  readonly host: string | undefined
  readonly headers: HeaderPairs
  readonly concurrency: number
  readonly ratePerSecond: number | undefined
  readonly maxTokens: number | undefined
  readonly maxUsd: number | undefined
  readonly maxFailures: number
  readonly top: number
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((progress: WarmProgress) => void) | undefined
}

/** @throws OptionError */
export function resolveWarm(options: WarmOptions, scheduled = false): WarmPlan {
  checkObject('the options of warm', options)
  checkNames(options, scheduled ? [...OPTIONS, ...SCHEDULE_OPTIONS] : OPTIONS)
  const { app, host, signal } = options
  const headers = readFields(options.headers ?? [])
  if (!headers) throw invalid('headers', 'must be an object of fields such as { authorization: "Bearer ..." }')
  if (host !== undefined && !isHost(host))
    throw invalid('host', `is ${describeValue(host)}; it must be a host name such as 'api.example.com'`)
  if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.addEventListener !== 'function')
    throw invalid('signal', `is ${describeValue(signal)}; it must be an AbortSignal`)
  const concurrency = countOf('concurrency', options.concurrency, DEFAULT_CONCURRENCY)
  if (concurrency > MAX_CONCURRENCY) throw invalid('concurrency', `is ${concurrency}; it must be at most ${MAX_CONCURRENCY}`)
  return {
    app,
    host,
    headers,
    concurrency,
    ratePerSecond: amountOf('ratePerSecond', options.ratePerSecond),
    maxTokens: amountOf('maxTokens', options.maxTokens),
    maxUsd: amountOf('maxUsd', options.maxUsd),
    maxFailures: countOf('maxFailures', options.maxFailures, DEFAULT_FAILURES),
    top: countOf('top', options.top, DEFAULT_TOP),
    signal,
    onProgress: functionOf('onProgress', options.onProgress),
  }
}

function amountOf(option: string, value: unknown): number | undefined {
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value) && value > 0)) return value
  throw invalid(option, `is ${describeValue(value)}; it must be a number above zero`)
}

const OPTIONS: readonly (keyof WarmOptions)[] = [
  'app',
  'host',
  'headers',
  'concurrency',
  'ratePerSecond',
  'maxTokens',
  'maxUsd',
  'maxFailures',
  'top',
  'signal',
  'onProgress',
]
const SCHEDULE_OPTIONS: readonly (keyof WarmScheduleOptions)[] = ['timezone', 'onReport', 'onError']
const DEFAULT_CONCURRENCY = 2
const MAX_CONCURRENCY = 1000
const DEFAULT_FAILURES = 20
const DEFAULT_TOP = 100
