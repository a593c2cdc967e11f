#!/usr/bin/env node
// What stands behind `npm run demo`, `npm test` and the others. Needs Node and npm and nothing else:
// it fetches the pinned pnpm through npx, installs and builds what changed since the last time, then runs the tools directly.
// This file checks the Node version before it imports anything, so that an old Node gets a sentence and not a syntax error.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`[llm-cache] Node ${process.versions.node} is too old: Node 20.19 or newer is needed (https://nodejs.org).`)
  console.error('[llm-cache] Without installing it: npx -y node@22 scripts/run.mjs test')
  process.exit(1)
}

const { main } = await import('./commands.mjs')
process.exitCode = await main(process.argv.slice(2))
