import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { createLlmCache } from '@llm-cache/core'
import { chat, completion, createManualClock } from '@llm-cache/core/testing'
import { llmCache } from '@llm-cache/hono'
import { Hono } from 'hono'
import { expect, it } from 'vitest'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
it.each([[true], [false]])(
  'a client that leaves while the first byte is waited for: the source hears of it (an old answer at hand: %s)',
  async (hasOld) => {
    const clock = createManualClock()
    const cache = createLlmCache({ clock, ttl: '10s', staleIfError: '1h', partition: 'shared' })
    let hang = false
    let cancelled = false
    const app = new Hono()
    app.use(llmCache(cache))
    app.post('/chat', (c) => {
      if (!hang) return c.json(completion(1))
      return new Response(
        new ReadableStream({
          pull: () => new Promise(() => undefined),
          cancel() {
            cancelled = true
          },
        }),
        { headers: { 'content-type': 'text/event-stream' } },
      )
    })
    const server = serve({ fetch: app.fetch, port: 0 })
    await sleep(50)
    const url = `http://localhost:${(server.address() as AddressInfo).port}/chat`
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(chat()) }
    if (hasOld) await (await fetch(url, init)).text()
    clock.advance(15_000)
    hang = true
    const leave = new AbortController()
    const asked = fetch(url, { ...init, signal: leave.signal }).catch(() => undefined)
    await sleep(200)
    leave.abort()
    await asked
    await sleep(300)
    expect(cancelled).toBe(true)
    server.close()
  },
)
