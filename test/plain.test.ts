/** The plain cases, as an app's own tests would see them: supertest against each framework. */

import { createServer } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { createLlmCache } from '@llm-cache/core'
import { llmCache as expressCache } from '@llm-cache/express'
import { llmCache as honoCache } from '@llm-cache/hono'
import { llmCache as koaCache } from '@llm-cache/koa'
import express from 'express'
import { Hono } from 'hono'
import Koa from 'koa'
import bodyParser from 'koa-bodyparser'
import supertest from 'supertest'
import { describe, expect, it } from 'vitest'

const question = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Why is the sky blue?' }] }
const answer = (count: number): object => ({
  id: `chatcmpl-${count}`,
  object: 'chat.completion',
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Rayleigh scattering.' }, finish_reason: 'stop' }],
})

type Server = Parameters<typeof supertest>[0]

/** An app with `POST /v1/chat/completions`, `POST /orders` and `GET /health`; `runs` counts what its handlers did. */
const apps: Readonly<Record<string, (runs: () => number) => Server>> = {
  express(runs) {
    const app = express()
    app.use(expressCache(createLlmCache()))
    app.use(express.json())
    app.post('/v1/chat/completions', (_request, response) => void response.json(answer(runs())))
    app.post('/orders', (_request, response) => void response.json({ order: runs() }))
    app.get('/health', (_request, response) => void response.json({ check: runs() }))
    return app
  },
  koa(runs) {
    const app = new Koa()
    app.use(koaCache(createLlmCache()))
    app.use(bodyParser())
    app.use((ctx) => {
      if (ctx.path === '/v1/chat/completions') ctx.body = answer(runs())
      else ctx.body = ctx.path === '/orders' ? { order: runs() } : { check: runs() }
    })
    return createServer(app.callback())
  },
  hono(runs) {
    const app = new Hono()
    app.use(honoCache(createLlmCache()))
    app.post('/v1/chat/completions', (c) => c.json(answer(runs())))
    app.post('/orders', (c) => c.json({ order: runs() }))
    app.get('/health', (c) => c.json({ check: runs() }))
    return createAdaptorServer(app) as Server
  },
}

describe.each(Object.keys(apps))('%s', (name) => {
  function start(): ReturnType<typeof supertest> {
    let count = 0
    return supertest((apps[name] as (typeof apps)[string])(() => ++count))
  }

  it('answers the second equal question from the cache', async () => {
    const app = start()
    const miss = await app.post('/v1/chat/completions').send(question).expect(200).expect('x-llm-cache', 'MISS')
    const hit = await app.post('/v1/chat/completions').send(question).expect(200).expect('x-llm-cache', 'HIT')
    expect(hit.body).toEqual(miss.body)
    expect(hit.headers['content-type']).toBe(miss.headers['content-type'])
    expect(hit.headers['x-llm-cache-id']).toBe(miss.headers['x-llm-cache-id'])
    expect(hit.headers['cache-status']).toMatch(/^llm-cache; hit; ttl=\d+$/)
    expect(hit.headers.age).toMatch(/^\d+$/)
  })

  it('keeps users apart', async () => {
    const app = start()
    const ask = (user: string): supertest.Test => app.post('/v1/chat/completions').set('Authorization', user).send(question)
    await ask('Bearer a').expect('x-llm-cache', 'MISS')
    await ask('Bearer b').expect('x-llm-cache', 'MISS')
    await ask('Bearer a').expect('x-llm-cache', 'HIT')
  })

  it('lets callers ask anew, and not at all', async () => {
    const app = start()
    const ask = (control: string): supertest.Test => app.post('/v1/chat/completions').set('Cache-Control', control).send(question)
    await ask('only-if-cached').expect(504)
    const first = await ask('max-age=60').expect('x-llm-cache', 'MISS')
    const second = await ask('no-cache').expect('x-llm-cache', 'MISS')
    expect(second.body).not.toEqual(first.body)
    await ask('no-store').expect('x-llm-cache', 'BYPASS')
    expect((await ask('only-if-cached').expect(200)).body).toEqual(second.body)
  })

  it('leaves everything else alone', async () => {
    const app = start()
    for (const expected of [1, 2]) {
      const response = await app.post('/orders').send({ item: 7 }).expect(200, { order: expected })
      expect(response.headers).not.toHaveProperty('x-llm-cache')
    }
    const health = await app.get('/health').expect(200, { check: 3 })
    expect(health.headers).not.toHaveProperty('cache-status')
  })

  it('answers 304 to a validator that still holds', async () => {
    const app = start()
    const { headers } = await app.post('/v1/chat/completions').send(question)
    const response = await app
      .post('/v1/chat/completions')
      .set('If-None-Match', headers.etag as string)
      .send(question)
      .expect(304)
    expect(response.text).toBe('')
  })
})
