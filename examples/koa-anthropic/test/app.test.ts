import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Anthropic from '@anthropic-ai/sdk'
import { createModelServer, type ModelServer } from '@llm-cache/core/testing'
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
  example = createApp({ baseURL: provider.url, apiKey: 'upstream' })
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

const question = {
  model: 'claude-haiku-4-5',
  max_tokens: 1000,
  messages: [{ role: 'user' as const, content: 'Which knots hold best on wet rope?' }],
}
const clientOf = (user: string) => new Anthropic({ baseURL: url, apiKey: user, maxRetries: 0 })
const post = (path: string, body: unknown) =>
  fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

it('answers the real client from the cache, byte for byte', async () => {
  const ask = () => clientOf('anna').messages.create(question).asResponse()
  const miss = await ask()
  const hit = await ask()
  expect([miss.headers.get('x-llm-cache'), hit.headers.get('x-llm-cache')]).toEqual(['MISS', 'HIT'])
  expect(await hit.text()).toBe(await miss.text())
  expect(hit.headers.get('content-type')).toBe(miss.headers.get('content-type'))
  expect(provider.callCount()).toBe(1)
  expect((await example.cache.stats()).saved.usd).toBeGreaterThan(0)
})

it('replays a stream as a stream', async () => {
  const ask = () => clientOf('anna').messages.stream(question).finalMessage()
  const miss = await ask()
  expect(miss.stop_reason).toBe('end_turn')
  expect(await ask()).toEqual(miss)
  expect(provider.callCount()).toBe(1)
})

it('asks the model once for 20 simultaneous askers', async () => {
  provider.hold()
  let arrived = 0
  const allArrived = new Promise<void>((resolve) => {
    server.on('request', () => ++arrived === 20 && resolve())
  })
  const answers = Array.from({ length: 20 }, () => clientOf('anna').messages.stream(question).finalMessage())
  await allArrived
  provider.release()
  const ids = (await Promise.all(answers)).map((answer) => answer.id)
  expect(new Set(ids).size).toBe(1)
  expect(provider.callCount()).toBe(1)
  expect((await example.cache.stats()).collapsed).toBeGreaterThan(0)
})

it("gives nobody another caller's answer", async () => {
  await clientOf('anna').messages.create(question)
  const other = await clientOf('ben').messages.create(question).asResponse()
  expect(other.headers.get('x-llm-cache')).toBe('MISS')
  expect(provider.callCount()).toBe(2)
})

it('caches a handler whose bodies have a shape of their own', async () => {
  const ask = (text: string) => post('/summary', { text })
  const miss = await ask('The moon pulls at the sea.')
  const hit = await ask('The moon pulls at the sea.')
  expect(hit.headers.get('x-llm-cache')).toBe('HIT')
  expect(hit.headers.get('cache-status')).toMatch(/ttl=86\d{3}/)
  expect(await hit.text()).toBe(await miss.text())
  // Prose is never folded: case is part of the question.
  expect((await ask('The Moon pulls at the sea.')).headers.get('x-llm-cache')).toBe('MISS')
})
