/** Checks the server's options and applies their defaults. */

import { OptionError } from '../../errors.js'
import { systemClock } from '../../lib/clock.js'
import { describeValue, didYouMean } from '../../lib/nearest.js'
import type { ModelServerOptions } from './types.js'

export type ResolvedOptions = Required<Omit<ModelServerOptions, 'fault' | 'reply'>> & Pick<ModelServerOptions, 'fault' | 'reply'>

const LIMITS: Readonly<Record<string, readonly [min: number, max: number]>> = {
  port: [0, 65_535],
  firstTokenMs: [0, 600_000],
  tokenMs: [0, 600_000],
  slowFirstByteMs: [0, 600_000],
  jitter: [0, 1],
  seed: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  chunkBytes: [1, Number.POSITIVE_INFINITY],
}

/** Throws `OptionError` for unknown names and for numbers out of range. */
export function resolveOptions(options: ModelServerOptions): ResolvedOptions {
  const resolved: ResolvedOptions = {
    port: 0,
    host: '127.0.0.1',
    firstTokenMs: 0,
    tokenMs: 0,
    jitter: 0,
    seed: 1,
    fault: undefined as never,
    reply: undefined as never,
    slowFirstByteMs: 5000,
    vary: false,
    chunkBytes: Number.POSITIVE_INFINITY,
    headers: {},
    clock: systemClock(),
  }
  const names = Object.keys(resolved)
  for (const [name, value] of Object.entries(options)) {
    if (!names.includes(name)) {
      throw new OptionError('ERR_OPTION_UNKNOWN', name, `createModelServer has no option "${name}"${didYouMean(name, names)}`)
    }
    const limits = LIMITS[name]
    if (value !== undefined && limits && !(typeof value === 'number' && value >= limits[0] && value <= limits[1])) {
      throw new OptionError(
        'ERR_OPTION_INVALID',
        name,
        `createModelServer: "${name}" is a number from ${limits[0]} to ${limits[1]}, not ${describeValue(value)}`,
      )
    }
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...resolved, ...Object.fromEntries(given) }
}
