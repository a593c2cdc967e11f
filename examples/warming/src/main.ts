/** Warms the cache from a file, then serves: with OPENAI_API_KEY on OpenAI, without it on a simulated provider. */

import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDiskStore } from '@llm-cache/core/disk'
import { createModelServer } from '@llm-cache/core/testing'
import { createApp, HOST } from './app.js'
import { createProgressBar } from './progress.js'
import { writePrompts } from './prompts.js'
import { formatReport } from './report.js'

const {
  CACHE_FILE,
  OPENAI_API_KEY,
  PORT = '3004',
  PROMPTS = join(tmpdir(), 'llm-cache-example-prompts.jsonl'),
  BUDGET_USD = '0.2',
} = process.env

const provider = OPENAI_API_KEY ? undefined : await createModelServer({ firstTokenMs: 60, tokenMs: 1 })
if (provider) console.log(`OPENAI_API_KEY is not set: a simulated provider answers, at ${provider.url}`)
const { app, cache } = createApp({
  ...(provider && { baseURL: `${provider.url}/v1`, apiKey: 'simulated' }),
  // What is in a file is there at the next start.
  store: CACHE_FILE ? createDiskStore({ path: CACHE_FILE }) : undefined,
})

if (!existsSync(PROMPTS)) await writePrompts(PROMPTS)
console.log(`Warming from ${PROMPTS}, for $${BUDGET_USD} at the most. Ctrl-C ends it.`)

const ending = new AbortController()
process.once('SIGINT', () => ending.abort())
const bar = createProgressBar(process.stdout)
const report = await cache.warm(
  { file: PROMPTS },
  { host: HOST, concurrency: 8, maxUsd: Number(BUDGET_USD), signal: ending.signal, onProgress: bar.show },
)
bar.end()
console.log(formatReport(report))

if (ending.signal.aborted) {
  await cache.close()
  await provider?.close()
} else {
  app.listen(Number(PORT), '127.0.0.1', (error) => {
    if (error) throw error
    console.log(`A hit from the first request on:
  curl -i http://${HOST}:${PORT}/guide -H 'content-type: application/json' \\
    -d '{"city":"Accra","question":"What should I see in one day?"}'`)
  })
}
