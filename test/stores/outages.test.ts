/** An app on each framework whose Redis is down, frozen, killed or lying: every request is answered, and rightly. */

import { setTimeout as delay } from 'node:timers/promises'
import KeyvRedis from '@keyv/redis'
import { type CacheEvent, createLlmCache, type KeyvLike, type LlmCacheOptions } from '@llm-cache/core'
import type { Served } from '@llm-cache/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { frameworks } from '../sdk/frameworks.js'
import { freePort, type RedisServer, startRedis } from '../support/redis.js'
import { CLIENTS } from './redis-clients.js'

const DEADLINE_MS = 100
/** For a loaded machine; without a deadline a frozen Redis answers never. */
const SLACK_MS = 10_000

const body = (content: string): string => JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content }] })
const answerTo = (content: string): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: `You said ${content}` }, finish_reason: 'stop' }],
})

interface App extends Served {
  ask(content: string): Promise<{ label: string | null; ms: number }>
  readonly events: CacheEvent[]
  close(): Promise<void>
}

async function serve(name: keyof typeof frameworks, store: KeyvLike, options: LlmCacheOptions = {}): Promise<App> {
  const cache = createLlmCache({ store, storeTimeout: DEADLINE_MS, ...options })
  const events: CacheEvent[] = []
  cache.on((event) => events.push(event))
  const served = await frameworks[name].serve(cache, {
    '/v1/chat/completions': ({ body: asked }) => {
      const { messages } = asked as { messages: { content: string }[] }
      return { kind: 'json', body: answerTo(messages[0]?.content ?? '') }
    },
  })
  return {
    ...served,
    events,
    async ask(content) {
      const startedAt = performance.now()
      const response = await fetch(`${served.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: body(content),
      })
      expect(response.status).toBe(200)
      expect(await response.json()).toEqual(answerTo(content))
      return { label: response.headers.get('x-llm-cache'), ms: performance.now() - startedAt }
    },
    async close() {
      await served.close()
      await cache.close()
    },
  }
}

describe.each(['express', 'koa', 'hono'] as const)('%s', (name) => {
  let redis: RedisServer | undefined
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis?.stop())

  it.each(CLIENTS)('%s: misses and hits, a freeze, and back', async (_, connect) => {
    if (!redis) return
    const keyv = connect(redis.url, `outages-${name}`)
    const app = await serve(name, keyv)
    try {
      await keyv.clear()
      expect((await app.ask('one')).label).toBe('MISS')
      while (!app.events.some(({ type }) => type === 'entry-stored')) await delay(5)
      expect((await app.ask('one')).label).toBe('HIT')
      redis.pause()
      try {
        const frozen = await Promise.all(['one', 'one', 'two', 'three'].map((content) => app.ask(content)))
        for (const { label, ms } of frozen) {
          expect(['MISS', 'COLLAPSED', 'HIT']).toContain(label)
          expect(ms).toBeLessThan(DEADLINE_MS + SLACK_MS)
        }
        expect(app.events.some((event) => event.type === 'store-failed' && event.reason === 'timeout')).toBe(true)
      } finally {
        redis.resume()
      }
      for (let tries = 0; (await app.ask('one')).label !== 'HIT'; tries++) {
        expect(tries).toBeLessThan(200)
        await delay(10)
      }
    } finally {
      await app.close()
      await keyv.disconnect(true)
    }
  })

  it('down from the start', async () => {
    const keyv = new KeyvRedis(`redis://127.0.0.1:${await freePort()}`)
    keyv.client.on('error', () => undefined)
    const app = await serve(name, keyv as unknown as KeyvLike)
    try {
      for (const content of ['one', 'one', 'two']) expect((await app.ask(content)).ms).toBeLessThan(3 * DEADLINE_MS + SLACK_MS)
      expect(app.events.some(({ type }) => type === 'store-failed')).toBe(true)
    } finally {
      await app.close()
      keyv.client.destroy()
    }
  })

  it('lying: what it gives back is never believed', async () => {
    const lies: unknown[] = ['garbage', { value: 'x' }, 42, null, true, [], 'lc1:AAAA']
    let told = 0
    const held = new Map<string, string>()
    const liar: KeyvLike = {
      get() {
        told++
        return told % 2 === 0 ? lies[told % lies.length] : [...held.values()][0]
      },
      set: (key, value) => held.set(key, value),
      delete: () => true,
      clear: () => undefined,
    }
    const app = await serve(name, liar)
    try {
      for (let count = 0; count < 20; count++) expect((await app.ask(`question ${count}`)).label).toBe('MISS')
      expect(app.events.some(({ type }) => type === 'entry-damaged')).toBe(true)
    } finally {
      await app.close()
    }
  })
})
