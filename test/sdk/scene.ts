/** A scene: a simulated provider, an app in front of it, and what the app's cache did. */

import { createLlmCache, type LlmCache, type LlmCacheOptions } from '@llm-cache/core'
import { createModelServer, type ModelServer, type ModelServerOptions } from '@llm-cache/core/testing'
import { expect } from 'vitest'
import type { Framework, Routes } from './frameworks.js'

export interface SceneOptions {
  /** `null`: the app without a cache. */
  readonly cache?: LlmCacheOptions | null
  readonly model?: ModelServerOptions
  readonly routes: (modelUrl: string) => Routes
}

export interface Scene {
  readonly url: string
  readonly model: ModelServer
  readonly stored: number
  /** Reasons of the answers that were not stored. */
  readonly skips: readonly string[]
  /** Requests that wait for, or receive, another one's answer. */
  readonly followers: number
  /** `x-llm-cache` of each answer to `fetch`, in the order of the heads' arrival; null where there was none. */
  readonly labels: readonly (string | null)[]
  /** The platform's, for the SDKs under test. */
  readonly fetch: typeof globalThis.fetch
  /** Resolves once so many answers were stored or skipped. */
  concluded(count: number): Promise<void>
}

/** Builds everything, runs `body`, checks that the cache had no error of its own, and closes everything. */
export async function withScene(framework: Framework, options: SceneOptions, body: (scene: Scene) => Promise<void>): Promise<void> {
  const model = await createModelServer(options.model)
  const cache: LlmCache | undefined = options.cache === null ? undefined : createLlmCache(options.cache)
  const app = await framework.serve(cache, options.routes(model.url))
  const labels: (string | null)[] = []
  const skips: string[] = []
  const faults: unknown[] = []
  const watchers = new Set<() => void>()
  let stored = 0
  let followers = 0
  cache?.on((event) => {
    if (event.type === 'entry-stored') stored++
    else if (event.type === 'entry-skipped') skips.push(event.reason)
    else if (event.type === 'flight-joined') followers++
    else if (event.type === 'internal-error') faults.push(event)
    for (const check of [...watchers]) check()
  })
  try {
    await body({
      url: app.url,
      model,
      labels,
      skips,
      get stored() {
        return stored
      },
      get followers() {
        return followers
      },
      async fetch(...request) {
        const response = await fetch(...request)
        labels.push(response.headers.get('x-llm-cache'))
        return response
      },
      concluded: (count) =>
        new Promise((resolve) => {
          const check = (): void => {
            if (stored + skips.length < count) return
            watchers.delete(check)
            resolve()
          }
          watchers.add(check)
          check()
        }),
    })
    expect(faults).toEqual([])
  } finally {
    await app.close()
    await model.close()
    await cache?.close()
  }
}

/** Counts the requests that the cache has read, as a partition that all of them share. */
export function createArrivals(): { readonly partition: () => string; wait(count: number): Promise<void> } {
  const waiting = new Map<number, () => void>()
  let arrived = 0
  return {
    partition: () => {
      arrived++
      waiting.get(arrived)?.()
      return 'everybody'
    },
    wait: (count) => (arrived >= count ? Promise.resolve() : new Promise((resolve) => waiting.set(count, resolve))),
  }
}
