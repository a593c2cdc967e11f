/** Options that indexes on servers share. */

import { OptionError, PeerMissingError } from '../errors.js'
import { systemClock } from '../lib/clock.js'
import { describeValue } from '../lib/nearest.js'
import type { Clock } from '../ports.js'
import { resolveCount } from '../stores/options.js'

export interface ServerIndexOptions {
  /** Longest time that a call waits for the server, in ms. @default 5000 */
  readonly timeoutMs?: number | undefined
  /** For expiry and deadlines. @default the system's */
  readonly clock?: Clock | undefined
}

/** @throws OptionError */
export function resolveServerOptions(options: ServerIndexOptions): { readonly timeoutMs: number; readonly clock: Clock } {
  return {
    timeoutMs: resolveCount('timeoutMs', options.timeoutMs, DEFAULT_TIMEOUT_MS, LONGEST_TIMER),
    clock: options.clock ?? systemClock(),
  }
}

/** @throws OptionError where `options` are no object, or have not just one of the names */
export function checkOneOf(options: unknown, names: readonly [string, string]): void {
  const [first, second] = names
  const given = typeof options === 'object' && options !== null ? (options as Readonly<Record<string, unknown>>) : {}
  if ((given[first] === undefined) !== (given[second] === undefined)) return
  throw new OptionError('ERR_OPTION_INVALID', first, `Pass either ${first} or ${second}.`)
}

/** @throws OptionError where `name` is not up to 64 letters, digits, `_` and `-`, a letter first */
export function checkName(option: string, name: unknown): void {
  if (typeof name !== 'string' || !NAME.test(name)) throw invalid(option, 'up to 64 letters, digits, _ and -, a letter first', name)
}

export function invalid(option: string, wanted: string, value: unknown): OptionError {
  return new OptionError('ERR_OPTION_INVALID', option, `${option} must be ${wanted}, not ${describeValue(value)}.`)
}

/** @param load imports the package */
export async function loadPeer<T>(peer: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    throw new PeerMissingError(peer, `This vector index needs the package ${peer}: npm install ${peer}`, { cause: error })
  }
}

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/
const DEFAULT_TIMEOUT_MS = 5000
const LONGEST_TIMER = 2 ** 31 - 1
