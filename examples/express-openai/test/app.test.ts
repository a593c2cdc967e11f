import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createModelServer, type ModelServer } from '@llm-cache/core/testing'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createApp, type ExampleApp } from '../src/app.js'

let provider: ModelServer
let example: ExampleApp
let server: Server
let url: string

beforeAll(async () => {
  // Other words at every call: a hit cannot look like a second answer.
  provider = await createModelServer({ vary: true })
})
afterAll(() => provider.close())

beforeEach(async () => {
  provider.reset()
  example = createApp({ baseURL: `${provider.url}/v1`, apiKey: 'upstream' })
  server = await new Promise<Server>((resolve) => {
    const listening = example.app.listen(0, '127.0.0.1', () => resolve(listening))
  })
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return async () => {
    server.closeAllConnections()
    server.close()
    await example.cache.close()
  }
})

const question = { model: 'gpt-5-mini', messages: [{ role: 'user' as const, content: 'Why do bridges have expansion joints?' }] }
const clientOf = (user: string) => new OpenAI({ baseURL: `${url}/v1`, apiKey: user, maxRetries: 0 })
const post = (path: string, body: unknown) =>
  fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

it('answers the real client from the cache, byte for byte', async () => {
  const ask = () => clientOf('anna').chat.completions.create(question).asResponse()
  const miss = await ask()
  const hit = await ask()
  expect([miss.headers.get('x-llm-cache'), hit.headers.get('x-llm-cache')]).toEqual(['MISS', 'HIT'])
  expect(await hit.text()).toBe(await miss.text())
  expect(hit.headers.get('content-type')).toBe(miss.headers.get('content-type'))
  expect(provider.callCount()).toBe(1)
  expect((await example.cache.stats()).saved.usd).toBeGreaterThan(0)
})

it('replays a stream as a stream', async () => {
  const ask = async () => {
    const stream = await clientOf('anna').chat.completions.create({ ...question, stream: true })
    let text = ''
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    return text
  }
  const miss = await ask()
  expect(miss.split(' ').length).toBeGreaterThan(20)
  expect(await ask()).toBe(miss)
  expect(provider.callCount()).toBe(1)
})

it('asks the model once for 20 simultaneous askers', async () => {
  provider.hold()
  let arrived = 0
  const allArrived = new Promise<void>((resolve) => {
    server.on('request', () => ++arrived === 20 && resolve())
  })
  const answers = Array.from({ length: 20 }, () => clientOf('anna').chat.completions.create(question))
  await allArrived
  provider.release()
  const texts = (await Promise.all(answers)).map((answer) => answer.choices[0]?.message.content)
  expect(new Set(texts).size).toBe(1)
  expect(provider.callCount()).toBe(1)
  expect((await example.cache.stats()).collapsed).toBeGreaterThan(0)
})

it("gives nobody another caller's answer", async () => {
  await clientOf('anna').chat.completions.create(question)
  const other = await clientOf('ben').chat.completions.create(question).asResponse()
  expect(other.headers.get('x-llm-cache')).toBe('MISS')
  expect(provider.callCount()).toBe(2)
})

it('takes tags and a shorter lifetime from the handler', async () => {
  const stored = new Promise<number>((resolve) => {
    example.cache.on((event) => event.type === 'entry-stored' && resolve(event.tags))
  })
  const ask = () => post('/docs/pumps/ask', { question: 'How is the seal replaced?' })
  const miss = await ask()
  expect(await stored).toBe(1)
  const hit = await ask()
  expect(hit.headers.get('x-llm-cache')).toBe('HIT')
  const seconds = Number(/ttl=(\d+)/.exec(hit.headers.get('cache-status') ?? '')?.[1])
  expect(seconds).toBeGreaterThan(590)
  expect(seconds).toBeLessThanOrEqual(600)
  expect(await hit.text()).toBe(await miss.text())
})

it('leaves routes without a model alone', async () => {
  const order = { message: 'Two pumps, please' }
  expect(await (await post('/orders', order)).json()).toEqual({ order: 1 })
  expect(await (await post('/orders', order)).json()).toEqual({ order: 2 })
})
