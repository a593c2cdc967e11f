/** Starts the workers, replaces those that die, and stops them all on SIGTERM and SIGINT. */

import cluster, { type Worker } from 'node:cluster'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createModelServer } from '@llm-cache/core/testing'
import { relayBus } from './cluster-bus.js'
import type { Settings } from './settings.js'

/** From the death of a worker to its replacement, in ms. */
const PAUSE_MS = 200

export async function startPrimary({ workers, redisUrl, cacheFile, cacheKey }: Settings): Promise<void> {
  const provider = process.env.OPENAI_API_KEY ? undefined : await createModelServer({ firstTokenMs: 400, tokenMs: 20, vary: true })
  if (provider) console.log(`OPENAI_API_KEY is not set: a simulated provider answers, at ${provider.url}`)
  const folder = redisUrl || cacheFile ? undefined : await mkdtemp(join(tmpdir(), 'llm-cache-many-processes-'))
  const environment = {
    ...(provider && { OPENAI_BASE_URL: `${provider.url}/v1`, OPENAI_API_KEY: 'simulated' }),
    ...(folder && { CACHE_FILE: join(folder, 'llm.db') }),
  }
  const where = redisUrl ? 'in the Redis of REDIS_URL' : `in ${cacheFile ?? `${folder} until the end`}`
  console.log(`Entries are shared ${where}, ${cacheKey ? 'encrypted' : 'not encrypted (CACHE_KEY is not set)'}`)

  const alive = new Set<Worker>()
  let listening = 0
  let stopping = false
  let announced = false
  const start = (): void => void alive.add(cluster.fork(environment))

  function stop(): void {
    stopping = true
    for (const worker of alive) worker.process.kill('SIGTERM')
    if (alive.size === 0) void finish()
  }

  async function finish(): Promise<void> {
    await provider?.close()
    if (folder) await rm(folder, { recursive: true, force: true })
  }

  relayBus()
  cluster.on('listening', (worker, { port }) => {
    listening++
    console.log(`[worker ${worker.id}] listens, pid ${worker.process.pid}`)
    if (announced || listening < workers) return
    announced = true
    console.log(usage(`http://127.0.0.1:${port}`))
  })
  cluster.on('exit', (worker, code, signal) => {
    alive.delete(worker)
    console.log(`[worker ${worker.id}] ended (${signal ?? code})`)
    if (!stopping && !announced) {
      // What fails at the start fails again: a wrong key, a port in use.
      process.exitCode = 1
      stop()
    } else if (!stopping) setTimeout(() => stopping || start(), PAUSE_MS)
    else if (alive.size === 0) void finish()
  })
  // A second signal does not wait.
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  for (let count = 0; count < workers; count++) start()
}

function usage(url: string): string {
  return `All workers listen at ${url}. Twice, and look at x-llm-cache:
  curl -i ${url}/chat -H 'x-tenant: acme' -H 'content-type: application/json' \\
    -d '{"model":"gpt-5-mini","messages":[{"role":"user","content":"What is a tide?"}]}'`
}
