/** What the three apps have in common. */

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { LlmCache } from '@llm-cache/core'
import type { Models } from '../models.js'

export interface AppOptions {
  readonly models: Models
  /** Listens here if the port is free, else on any; 0: on any. */
  readonly port: number
}

export interface RunningApp {
  /** The framework's name. */
  readonly name: string
  readonly url: string
  readonly cache: LlmCache
  close(): Promise<void>
}

/** Resolves once `server` listens on loopback. */
export async function start(name: string, cache: LlmCache, server: Server, port: number): Promise<RunningApp> {
  // Longer than clients keep idle connections: none is closed under a request.
  server.keepAliveTimeout = 120_000
  await listen(server, port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    return listen(server, 0)
  })
  return {
    name,
    cache,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      await cache.close()
    },
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}
