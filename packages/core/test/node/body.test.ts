import { createServer, type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createLlmCache } from '../../src/cache.js'
import { send } from '../../src/testing/adapter-contract/client.js'
import { listen } from '../../src/testing/adapter-contract/listen.js'
import { chat, completion } from '../../src/testing/adapter-contract/samples.js'
import { answer, withApp } from './support.js'

/** A parser that listens to events, as body-parser and busboy do. */
function readByEvents(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    request.on('data', (chunk: Buffer) => {
      text += chunk
    })
    request.on('end', () => resolve(text)).on('error', reject)
  })
}

describe('bodies on their way to the handler', () => {
  it.each([
    ['an empty chunked body', [], ''],
    ['a chunked body', ['{"prompt":', '"a"}'], '{"prompt":"a"}'],
    ['a body with a length', '{"prompt":"a"}', '{"prompt":"a"}'],
    ['an empty body with a length', '', ''],
  ])('%s reaches a reader of events, now or after a while', async (_name, body, expected) => {
    for (const late of [false, true]) {
      const handler = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
        if (late) await new Promise((resolve) => setImmediate(resolve))
        const text = await readByEvents(request)
        response.setHeader('X-Body', JSON.stringify(text))
        response.setHeader('Content-Type', 'application/json')
        response.end(JSON.stringify(completion(1)))
      }
      await withApp(handler, async (app) => {
        const headers: Record<string, string> = Array.isArray(body) ? { 'transfer-encoding': 'chunked' } : {}
        for (const label of ['MISS', 'HIT']) {
          const received = await send(app.url, { body, headers: { ...headers, 'content-type': 'application/json' } })
          if (expected === '' && label === 'HIT') continue
          expect(received.header('x-body')).toBe(JSON.stringify(expected))
          expect(received.header('x-llm-cache')).toBe(expected === '' ? received.header('x-llm-cache') : label)
        }
      })
    }
  })

  it('an upload that is broken off runs no handler, and is counted', async () => {
    await withApp(
      (_request, response) => response.end(JSON.stringify(completion(1))),
      async (app) => {
        const { port } = new URL(app.url)
        const upload = openRequest({ port, method: 'POST', headers: { 'content-length': '1000' } })
        upload.on('error', () => undefined)
        upload.write('{"prompt":')
        await expect.poll(() => app.served.sockets.size, { timeout: 10_000 }).toBe(1)
        upload.destroy()
        await app.served.disconnected(1)
        await expect.poll(async () => (await app.cache.stats()).bypasses, { timeout: 10_000 }).toEqual({ 'body-aborted': 1 })
        expect(app.runs()).toBe(0)
      },
    )
  })

  it("a server's own 'checkContinue' listener answers, and its handler reads the body", async () => {
    const cache = createLlmCache()
    let continued = 0
    const server = createServer()
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
      answer(cache, request, response, async () => {
        continued++
        response.writeContinue()
        const text = await readByEvents(request)
        response.setHeader('Content-Type', 'application/json')
        response.end(JSON.stringify({ ...completion(1), length: text.length }))
      }),
    )
    const served = await listen(server)
    try {
      for (let run = 1; run <= 2; run++) {
        const received = await send(served.url, { body: chat(), expectContinue: true })
        expect(received.status).toBe(200)
        expect(JSON.parse(received.text)).toMatchObject({ length: JSON.stringify(chat()).length })
        expect(received.header('cache-status')).toContain('detail=body-withheld')
        expect(continued).toBe(run)
      }
    } finally {
      await served.close()
      await cache.close()
    }
  })
})
