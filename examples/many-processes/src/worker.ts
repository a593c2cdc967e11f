/** One of several processes: serves the app on the port that all of them share, until it is told to stop. */

import cluster from 'node:cluster'
import OpenAI from 'openai'
import { createApp } from './app.js'
import { createCache } from './cache.js'
import type { Settings } from './settings.js'

/** How long answers under way may take after the signal, in ms. */
const PATIENCE_MS = 10_000

export function startWorker(settings: Settings): void {
  const worker = cluster.worker?.id ?? 0
  const log = (line: string): void => console.log(`[worker ${worker}] ${line}`)
  const cache = createCache(settings)
  cache.on((event) => {
    if (event.type === 'store-state') log(`store ${event.store} is ${event.state}${event.because ? ` (${event.because})` : ''}`)
  })

  const app = createApp({ cache, openai: new OpenAI(), adminToken: settings.adminToken, worker, log })
  const server = app.listen(settings.port, '127.0.0.1', (error) => {
    if (error) throw error
  })

  let stopping = false
  function stop(): void {
    if (stopping) return
    stopping = true
    // No new connections; what is being answered is answered to its end.
    server.close(async () => {
      await cache.close()
      cluster.worker?.disconnect()
    })
    setTimeout(() => server.closeAllConnections(), PATIENCE_MS).unref()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}
