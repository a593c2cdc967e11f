/** `npm run demo` */

import { readArgs, USAGE } from './args.js'
import { DemoError, UsageError } from './errors.js'
import { LIVE_PLAN, SIMULATED_PLAN } from './plan.js'
import { formatEstimate, runMeasurement, runTour } from './run.js'
import { openStage } from './stage.js'
import { createStyle } from './style.js'

const TOUR_PORTS = [3001, 3002, 3003, 3004] as const

async function main(args: readonly string[]): Promise<void> {
  const { live, serve, help } = readArgs(args)
  const output = { stream: process.stdout, style: createStyle(process.stdout) }
  if (help) {
    console.log(USAGE)
    return
  }
  const stage = await openStage({ live, ...(serve && { ports: TOUR_PORTS }) })
  try {
    if (serve) {
      await runTour(stage, interrupted(), output)
      return
    }
    const plan = live ? LIVE_PLAN : SIMULATED_PLAN
    output.stream.write('\n  Express, Koa and Hono with llm-cache in front of ')
    output.stream.write(live ? 'the real models\n' : 'a simulated model provider\n')
    if (live) output.stream.write(formatEstimate(plan, stage.routes, stage.apps.length))
    await runMeasurement(stage, plan, output)
    output.stream.write(`  Try it yourself: npm run demo -- --serve\n\n`)
  } finally {
    await stage.close()
  }
}

/** Resolves at the first Ctrl-C; further ones are ignored while everything closes. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGINT', () => resolve())
    process.on('SIGTERM', () => resolve())
  })
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  const { bad } = createStyle(process.stderr)
  if (error instanceof UsageError) console.error(error.message)
  else if (error instanceof DemoError) console.error(`\n${bad('The demo failed:')} ${error.message}`)
  else console.error(`\n${bad('The demo failed:')}`, error)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
