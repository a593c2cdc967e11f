// One process of several behind a load balancer: an Express app whose route asks the origin at ORIGIN and passes its answer on,
// with memory and a Redis that all of them share. Prints its port as JSON.

import express from 'express'
import { createLlmCache, createMemoryStore } from '../../packages/core/dist/index.js'
import { llmCache } from '../../packages/express/dist/index.js'
import { createRedisStore } from '../../packages/redis/dist/index.js'

const { ORIGIN, REDIS, LEASE_MS, NAMESPACE } = process.env
const redis = createRedisStore(REDIS, { namespace: NAMESPACE, leaseMs: Number(LEASE_MS) })
const cache = createLlmCache({
  store: [createMemoryStore(), redis],
  partition: (request) => request.header('x-tenant') ?? 'all',
  // An answer that says so is soon to be refreshed.
  ttl: (answer) => (answer.text().includes('short-lived') ? '1s' : '1h'),
  staleWhileRevalidate: '1h',
  // Many processes on few cores are slow to answer themselves, which is not what is tested here.
  storeTimeout: '2s',
})
const app = express()
app.use(llmCache(cache))
app.use(express.json())

app.post('/chat', async (request, response) => {
  const upstream = await fetch(`${ORIGIN}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-process': `${process.pid}` },
    body: JSON.stringify(request.body),
  })
  response.writeHead(upstream.status, { 'content-type': upstream.headers.get('content-type') ?? 'text/plain' })
  for await (const chunk of upstream.body) response.write(chunk)
  response.end()
})

app.get('/stats', async (_request, response) => {
  response.json(await cache.stats())
})

app.post('/erase/:tenant', async (request, response) => {
  try {
    response.json(await cache.invalidate({ partition: request.params.tenant }))
  } catch (error) {
    response.status(500).json({ message: error.message })
  }
})

// What was cut off must not end the process: the test wants to see what its clients see.
process.on('unhandledRejection', () => {})
const server = app.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`))
process.stdin.on('end', () => process.exit()).resume()
