import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createManualClock } from '@llm-cache/core/testing'
import { type CacheEvent, createLlmCache, llmCache, type PreloadOptions } from '@llm-cache/express'
import express from 'express'
import { afterEach, describe, expect, it } from 'vitest'

const DAY = 24 * 60 * 60_000
const servers: Server[] = []
afterEach(() => Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)))))

interface Asked {
  readonly authorization: string | undefined
  readonly question: string
  readonly ip: string | undefined
}

async function start(preload: PreloadOptions, parserFirst: boolean) {
  const clock = createManualClock(new Date(2026, 0, 5, 8).getTime())
  const cache = createLlmCache({ clock, preload, log: false })
  const events: CacheEvent[] = []
  const asked: Asked[] = []
  cache.on((event) => events.push(event))
  const app = express()
  if (parserFirst) app.use(express.json())
  app.post('/v1/chat/completions', llmCache(cache), express.json(), (request, response) => {
    asked.push({ authorization: request.get('authorization'), question: request.body.messages[0].content, ip: request.ip })
    // The model takes its time.
    clock.advance(4000)
    response.json({
      choices: [{ index: 0, message: { role: 'assistant', content: `About ${asked.length}` }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 100, completion_tokens: 100 },
    })
  })
  const server = app.listen(0)
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`

  async function ask(user: string, question: string): Promise<string | null> {
    const response = await fetch(url, {
      method: 'POST',
      // Each client is gone before the next comes.
      headers: { 'content-type': 'application/json', authorization: `Bearer ${user}`, connection: 'close' },
      body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: question }] }),
    })
    await response.text()
    return response.headers.get('x-llm-cache')
  }

  /** Lets what waits to be sent be sent, and end. */
  async function settle(): Promise<void> {
    clock.advance(300)
    const count = (type: CacheEvent['type']): number => events.filter((event) => event.type === type).length
    while (count('preload-started') > count('preload-ended')) await new Promise((resolve) => setImmediate(resolve))
  }

  async function morning(users: readonly string[]): Promise<void> {
    for (const user of users) {
      await ask(user, `mail of ${user}`)
      await settle()
      clock.advance(60_000)
      await ask(user, `news of ${user}`)
      clock.advance(60_000)
    }
    clock.advance(DAY - users.length * 120_000)
  }
  return { cache, clock, events, asked, ask, settle, morning }
}

describe('preloading on Express', () => {
  it.each([false, true])('asks ahead with the own request of a client that is long gone (parser first: %s)', async (parserFirst) => {
    const { cache, asked, events, ask, settle, morning } = await start({}, parserFirst)
    const users = ['ann', 'bob']
    for (let day = 0; day < 5; day++) await morning(users)
    const calls = asked.length
    const answered = events.length
    expect(await ask('ann', 'mail of ann')).toBe('MISS')
    await settle()
    expect(asked.slice(calls)).toEqual([
      { authorization: 'Bearer ann', question: 'mail of ann', ip: expect.stringContaining('127.0.0.1') },
      { authorization: 'Bearer ann', question: 'news of ann', ip: expect.stringContaining('127.0.0.1') },
    ])
    expect(await ask('ann', 'news of ann')).toBe('HIT')
    expect(await ask('bob', 'news of bob')).toBe('MISS')
    expect(asked.every(({ authorization, question }) => authorization === `Bearer ${question.split(' ').at(-1)}`)).toBe(true)
    const { preload } = await cache.stats()
    expect(preload).toMatchObject({ wasted: 0, precision: 1, sources: { 'follow-up': { on: true } } })
    expect(preload?.used).toBe(preload?.sent)
    expect(preload?.usd).toBeGreaterThan(0)
    expect(events.slice(answered).find(({ type }) => type === 'preload-ended')).toMatchObject({
      outcome: 'stored',
      route: '/v1/chat/completions',
    })
    expect(JSON.stringify(events)).not.toMatch(/Bearer|mail of|news of|lc1\./)
    await cache.close()
  })

  it('lets go of a partition that is removed', async () => {
    const { cache, asked, ask, settle, morning } = await start({}, false)
    for (let day = 0; day < 5; day++) await morning(['ann', 'bob'])
    await cache.invalidate({ partition: { headers: { authorization: 'Bearer ann' } } })
    const calls = asked.length
    await ask('ann', 'mail of ann')
    await settle()
    expect(asked.length).toBe(calls + 1)
    await ask('bob', 'mail of bob')
    await settle()
    expect(asked.length).toBe(calls + 3)
    await cache.close()
  })
})
