import { createServer } from 'node:http'
import { PassThrough } from 'node:stream'
import { createLlmCache } from '@llm-cache/core'
import { chat, completion, createManualClock, listen, type Served } from '@llm-cache/core/testing'
import { llmCache } from '@llm-cache/koa'
import Koa from 'koa'
import { afterEach, expect, it } from 'vitest'

let served: Served | undefined
afterEach(async () => {
  await served?.close()
  served = undefined
})
async function ask(
  signal = AbortSignal.timeout(3000),
): Promise<{ status: number; label: string | null; acao: string | null; text: string }> {
  const response = await fetch(`${served?.url}/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(chat()),
    signal,
  })
  return {
    status: response.status,
    label: response.headers.get('x-llm-cache'),
    acao: response.headers.get('access-control-allow-origin'),
    text: await response.text(),
  }
}
async function setup(fail: (ctx: Koa.Context) => unknown): Promise<void> {
  const clock = createManualClock()
  const cache = createLlmCache({ clock, ttl: '10s', staleIfError: '1h', compression: false, partition: 'shared' })
  let failing = false
  const app = new Koa()
  app.on('error', () => undefined)
  app.use(async (ctx, next) => {
    ctx.set('Access-Control-Allow-Origin', '*')
    await next()
  })
  app.use(llmCache(cache))
  app.use(async (ctx) => {
    if (failing) await fail(ctx)
    else ctx.body = completion(1)
  })
  served = await listen(createServer(app.callback()))
  expect(await ask()).toMatchObject({ label: 'MISS', acao: '*' })
  clock.advance(15_000)
  failing = true
}
it('a throw keeps the fields of outer middleware', async () => {
  await setup(() => {
    throw new Error('the model is down')
  })
  expect(await ask()).toMatchObject({ status: 200, label: 'STALE', acao: '*' })
})
it('a leader that leaves while the first byte is waited for, a follower waits', async () => {
  let stream = new PassThrough()
  let runs = 0
  await setup((ctx) => {
    runs++
    stream = new PassThrough()
    ctx.type = 'application/json'
    ctx.body = stream
  })
  const leader = new AbortController()
  const first = ask(leader.signal).catch(() => 'left')
  await new Promise((r) => setTimeout(r, 100))
  const follower = ask()
  await new Promise((r) => setTimeout(r, 100))
  leader.abort()
  await first
  await new Promise((r) => setTimeout(r, 100))
  stream.end(JSON.stringify({ ...completion(1), fresh: true }))
  const got = await follower
  expect({ label: got.label, fresh: got.text.includes('"fresh":true'), runs }).toEqual({ label: 'COLLAPSED', fresh: true, runs: 1 })
})
