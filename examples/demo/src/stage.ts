/** Everything that runs: the provider, the model clients, the three apps. */

import { createModelServer } from '@llm-cache/core/testing'
import type { RunningApp } from './apps/app.js'
import { startExpress } from './apps/express.js'
import { startHono } from './apps/hono.js'
import { startKoa } from './apps/koa.js'
import { startMeaning } from './apps/meaning.js'
import { UsageError } from './errors.js'
import { createModels, type Models } from './models.js'
import { ROUTES, type Route } from './plan.js'

export interface StageOptions {
  readonly live: boolean
  /** Ports that the apps take if they are free; any others if not. */
  readonly ports?: readonly [express: number, koa: number, hono: number, meaning: number]
  /** Speed of the simulated provider in ms. @default like a quick hosted model */
  readonly latency?: { readonly firstTokenMs: number; readonly tokenMs: number; readonly jitter: number }
}

export interface Stage {
  readonly apps: readonly RunningApp[]
  readonly models: Models
  /** The app that answers by meaning; undefined where the models are real. */
  readonly meaning: RunningApp | undefined
  /** Routes that a model is there for. */
  readonly routes: readonly Route[]
  /** Lets every call of a model fail while `work` goes on; undefined where the models are real. */
  readonly outage: (<T>(work: () => Promise<T>) => Promise<T>) | undefined
  close(): Promise<void>
}

const LATENCY = { firstTokenMs: 375, tokenMs: 9, jitter: 0.2 }

/** @throws UsageError when `live` is asked for and there is no key */
export async function openStage({ live, ports = [0, 0, 0, 0], latency = LATENCY }: StageOptions): Promise<Stage> {
  const { models, routes, outage, close } = live ? liveModels() : await simulatedModels(latency)
  const [expressPort, koaPort, honoPort, meaningPort] = ports
  const apps = [
    await startExpress({ models, port: expressPort }),
    await startKoa({ models, port: koaPort }),
    await startHono({ models, port: honoPort }),
  ]
  const meaning = live ? undefined : await startMeaning(meaningPort)
  return {
    apps,
    meaning,
    models,
    routes,
    outage,
    async close() {
      await Promise.all([...apps, ...(meaning ? [meaning] : [])].map((app) => app.close()))
      await close()
    },
  }
}

type Backing = Pick<Stage, 'models' | 'routes' | 'outage' | 'close'>

async function simulatedModels(latency: NonNullable<StageOptions['latency']>): Promise<Backing> {
  // Other words at every call: what is byte for byte the same comes from the cache.
  let isDown = false
  const provider = await createModelServer({ ...latency, vary: true, fault: () => (isDown ? 'overloaded' : undefined) })
  const apiKey = 'simulated'
  const models = createModels({ openai: { baseURL: `${provider.url}/v1`, apiKey }, anthropic: { baseURL: provider.url, apiKey } })
  return {
    models,
    routes: ROUTES,
    async outage(work) {
      isDown = true
      try {
        return await work()
      } finally {
        isDown = false
      }
    },
    close: () => provider.close(),
  }
}

function liveModels(): Backing {
  const keys = { openai: process.env.OPENAI_API_KEY, anthropic: process.env.ANTHROPIC_API_KEY }
  const routes = ROUTES.filter(({ provider }) => keys[provider])
  if (routes.length === 0) {
    throw new UsageError(`--live asks the real models, and there is no key. Set OPENAI_API_KEY or ANTHROPIC_API_KEY (or both):

  OPENAI_API_KEY=sk-... npm run demo -- --live

Without --live a simulated provider answers, and no key is needed.`)
  }
  const models = createModels({ openai: { apiKey: keys.openai ?? 'none' }, anthropic: { apiKey: keys.anthropic ?? 'none' } })
  return { models, routes, outage: undefined, close: async () => {} }
}
