import { createServer } from 'node:http'
import { chat, completion, listen, type Served } from '@llm-cache/core/testing'
import { llmCache } from '@llm-cache/express'
import cors from 'cors'
import express from 'express'
import { afterEach, expect, it } from 'vitest'

let served: Served | undefined
afterEach(() => served?.close())

it('a handler that adds to the Vary of outer middleware is cached, and its hits keep both', async () => {
  const app = express()
  app.use(cors({ origin: true }))
  app.use(llmCache({ headers: ['accept-language'] }))
  app.use(express.json())
  app.post('/chat', (_request, response) => void response.vary('Accept-Language').json(completion(1)))
  served = await listen(createServer(app))
  const answers: Response[] = []
  for (const origin of ['https://one.example', 'https://two.example']) {
    const headers = { 'content-type': 'application/json', 'accept-language': 'de', origin }
    answers.push(await fetch(`${served.url}/chat`, { method: 'POST', headers, body: JSON.stringify(chat()) }))
  }
  expect(answers.map((answer) => answer.headers.get('x-llm-cache'))).toEqual(['MISS', 'HIT'])
  expect(answers.map((answer) => answer.headers.get('vary'))).toEqual(['Origin, Accept-Language', 'Origin, Accept-Language'])
  expect(answers[1]?.headers.get('access-control-allow-origin')).toBe('https://two.example')
})

it('a coding that outer middleware announced counts: such an answer is not stored', async () => {
  const app = express()
  app.use((_request, response, next) => {
    response.setHeader('Content-Encoding', 'x-own')
    next()
  })
  app.use(llmCache())
  app.use(express.json())
  app.post('/chat', (_request, response) => void response.json(completion(1)))
  served = await listen(createServer(app))
  const statuses: (string | null)[] = []
  for (let count = 0; count < 2; count++) {
    const answer = await fetch(`${served.url}/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(chat()),
    })
    statuses.push(answer.headers.get('cache-status'))
  }
  expect(statuses).toEqual(['llm-cache; fwd=uri-miss', 'llm-cache; fwd=uri-miss; detail=encoded'])
})
