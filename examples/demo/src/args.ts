/** The command line. */

import { parseArgs } from 'node:util'
import { UsageError } from './errors.js'

export interface Args {
  /** The real APIs instead of the simulated provider. */
  readonly live: boolean
  /** Keep the apps up instead of measuring. */
  readonly serve: boolean
  readonly help: boolean
}

export const USAGE = `Usage: npm run demo -- [options]

  (none)    Express, Koa and Hono in front of a simulated model provider: measures misses, hits, streams
            and simultaneous askers, and prints a table. Takes about 15 seconds, needs no network.
  --live    The same on the real APIs, with fewer and shorter questions. Needs OPENAI_API_KEY,
            ANTHROPIC_API_KEY or both; says what it costs before it begins.
  --serve   Keeps the three apps up and prints curl lines to try. Ctrl-C ends it. With --live: on the real APIs.
  --help    This text.

Colours follow NO_COLOR (https://no-color.org).`

/** @throws UsageError for an option that does not exist */
export function readArgs(args: readonly string[]): Args {
  const boolean = { type: 'boolean', default: false } as const
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { live: boolean, serve: boolean, help: { ...boolean, short: 'h' } },
    })
    return { live: values.live, serve: values.serve, help: values.help }
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
  }
}
