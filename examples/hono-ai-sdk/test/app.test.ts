import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { createModelServer, type ModelServer } from '@llm-cache/core/testing'
import { DefaultChatTransport, readUIMessageStream, type UIMessage } from 'ai'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createApp, type ExampleApp } from '../src/app.js'

let provider: ModelServer
let example: ExampleApp
let server: Server
let url: string
/** Raw answers, in order: what the AI SDK's client got. */
let seen: { cache: string | null; body: Promise<string> }[]

beforeAll(async () => {
  // Other words at every call: a hit cannot look like a second answer.
  provider = await createModelServer({ vary: true })
})
afterAll(() => provider.close())

beforeEach(async () => {
  provider.reset()
  seen = []
  example = createApp({ baseURL: `${provider.url}/v1`, apiKey: 'upstream' })
  server = await new Promise<Server>((resolve) => {
    const listening = serve({ fetch: example.app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(listening as Server))
  })
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return async () => {
    server.closeAllConnections()
    server.close()
    await example.cache.close()
  }
})

const TEXT = 'How does a heat pump work in winter?'

/** What `useChat` does when a user sends a message: ids are new each time. Resolves with the assistant's message. */
async function chat(user: string, text = TEXT): Promise<UIMessage | undefined> {
  const transport = new DefaultChatTransport({
    api: `${url}/api/chat`,
    headers: { authorization: `Bearer ${user}` },
    fetch: async (...request) => {
      const response = await fetch(...request)
      seen.push({ cache: response.headers.get('x-llm-cache'), body: response.clone().text() })
      return response
    },
  })
  const stream = await transport.sendMessages({
    chatId: crypto.randomUUID(),
    messages: [{ id: crypto.randomUUID(), role: 'user', parts: [{ type: 'text', text }] }],
    trigger: 'submit-message',
    messageId: undefined,
    abortSignal: undefined,
  })
  let message: UIMessage | undefined
  for await (const state of readUIMessageStream({ stream })) message = state
  return message
}

const textOf = (message: UIMessage | undefined) => message?.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')

it("answers the AI SDK's own client from the cache, byte for byte", async () => {
  const miss = textOf(await chat('anna'))
  expect(miss?.split(' ').length).toBeGreaterThan(20)
  expect(textOf(await chat('anna'))).toBe(miss)
  expect(seen.map((answer) => answer.cache)).toEqual(['MISS', 'HIT'])
  expect(await seen[1]?.body).toBe(await seen[0]?.body)
  expect(provider.callCount()).toBe(1)
  expect((await example.cache.stats()).saved.usd).toBeGreaterThan(0)
})

it('asks the model once for 20 simultaneous askers', async () => {
  provider.hold()
  let arrived = 0
  const allArrived = new Promise<void>((resolve) => {
    server.on('request', () => ++arrived === 20 && resolve())
  })
  const answers = Array.from({ length: 20 }, () => chat('anna'))
  await allArrived
  provider.release()
  const texts = (await Promise.all(answers)).map(textOf)
  expect(new Set(texts).size).toBe(1)
  expect(provider.callCount()).toBe(1)
  expect((await example.cache.stats()).collapsed).toBeGreaterThan(0)
})

it('shares answers inside a tenant and nowhere else', async () => {
  await chat('anna')
  await chat('ben')
  await chat('cleo')
  expect(seen.map((answer) => answer.cache)).toEqual(['MISS', 'HIT', 'MISS'])
  expect(provider.callCount()).toBe(2)
})

it('lets nobody in without a session, whatever is cached', async () => {
  await chat('anna')
  await expect(chat('mallory')).rejects.toThrow('Who are you?')
  expect(provider.callCount()).toBe(1)
})
