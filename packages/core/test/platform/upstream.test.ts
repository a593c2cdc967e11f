import { createServer, get, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createUpstreamWatch } from '../../src/platform/node.js'
import { createUpstreamWatch as createWebWatch } from '../../src/platform/web.js'
import { createModelCallTest } from '../../src/policy/upstream-rules.js'

let server: Server
let origin = ''

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume()
    if (request.url?.includes('cut')) {
      response.write('half')
      setImmediate(() => response.destroy())
    } else if (request.url?.includes('said')) {
      response.end('this is half')
    } else if (request.url?.includes('gzip')) {
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync(request.url.includes('half') ? 'this is half' : 'whole'))
    } else if (request.url?.includes('odd')) {
      response.setHeader('content-encoding', 'odd')
      response.end('?')
    } else if (request.url?.includes('empty')) {
      response.end()
    } else if (request.url?.includes('stream')) {
      response.write('first half')
      request.on('close', () => undefined)
    } else {
      response.statusCode = request.url?.includes('500') ? 500 : 200
      response.end('{}')
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** Whole is what does not say that it is half. */
const judge = (_type: string, body: Uint8Array): 'complete' | 'failed' =>
  new TextDecoder().decode(body).includes('half') ? 'failed' : 'complete'

const everyPost = createUpstreamWatch((_host, path, method) => method === 'POST' && path.startsWith('/model'), judge)
afterAll(() => everyPost.close())
const post = async (path: string, init: RequestInit = {}): Promise<string> =>
  (await fetch(origin + path, { method: 'POST', body: '{}', ...init })).text()

describe('watching upstream calls', () => {
  it('sees calls made with fetch, in the handler and later', async () => {
    const trace = everyPost.trace()
    expect(trace.state).toBe('unknown')
    await trace.run(async () => {
      await post('/other')
      expect(trace.calls).toBe(0)
      await new Promise((resolve) => setImmediate(resolve))
      await post('/model')
    })
    expect(trace).toMatchObject({ calls: 1, state: 'complete' })
  })

  it('sees calls made with node:http', async () => {
    const trace = everyPost.trace()
    await trace.run(
      () =>
        new Promise<void>((resolve) => {
          httpRequest(`${origin}/model`, { method: 'POST' }, (response) => response.resume().on('end', resolve)).end('{}')
        }),
    )
    expect(trace).toMatchObject({ calls: 1, state: 'complete' })
    await trace.run(
      () => new Promise((resolve) => get(`${origin}/model`, (response) => response.resume().on('end', () => resolve(undefined)))),
    )
    expect(trace.calls).toBe(1)
  })

  it('keeps simultaneous handlers apart', async () => {
    const traces = Array.from({ length: 20 }, () => everyPost.trace())
    await Promise.all(traces.map((trace, index) => trace.run(() => post(index % 2 ? '/model' : '/other'))))
    expect(traces.map((trace) => trace.calls)).toEqual(traces.map((_, index) => index % 2))
  })

  it('tells a failure and a cut, which a later call makes up for', async () => {
    const failed = everyPost.trace()
    await failed.run(() => post('/model/500'))
    expect(failed.state).toBe('failed')
    await failed.run(() => post('/model'))
    expect(failed.state).toBe('complete')
    const cut = everyPost.trace()
    await cut.run(() => post('/model/cut').catch(() => ''))
    expect(cut.state).toBe('failed')
    const refused = everyPost.trace()
    const closed = createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const { port } = closed.address() as AddressInfo
    await new Promise((resolve) => closed.close(resolve))
    await refused.run(() => fetch(`http://127.0.0.1:${port}/model`, { method: 'POST' }).catch(() => undefined))
    expect(refused.state).toBe('failed')
  })

  it('a failure after a success is a failure', async () => {
    const trace = everyPost.trace()
    await trace.run(async () => {
      await post('/model')
      await post('/model/500')
    })
    expect(trace.state).toBe('failed')
  })

  const viaHttp = (path: string): Promise<void> =>
    new Promise((resolve) => {
      httpRequest(origin + path, { method: 'POST' }, (response) => response.resume().on('end', resolve)).end('{}')
    })

  it.each([
    ['/model/said', 'failed'],
    ['/model/gzip', 'complete'],
    ['/model/gzip/half', 'failed'],
    ['/model/odd', 'unknown'],
    ['/model/empty', 'unknown'],
  ])('reads what the model itself said: %s is %s', async (path, expected) => {
    const byFetch = everyPost.trace()
    await byFetch.run(() => post(path).catch(() => ''))
    expect(byFetch.state).toBe(expected)
    const byHttp = everyPost.trace()
    await byHttp.run(() => viaHttp(path))
    expect(byHttp.state).toBe(expected)
  })

  it('gives every byte to the caller all the same', async () => {
    expect(await everyPost.trace().run(() => post('/model/gzip'))).toBe('whole')
    expect(await everyPost.trace().run(() => post('/model/said'))).toBe('this is half')
  })

  it('does not take an aborted or a running call for a complete one', async () => {
    const trace = everyPost.trace()
    const controller = new AbortController()
    await trace.run(async () => {
      const response = await fetch(`${origin}/model/stream`, { method: 'POST', signal: controller.signal })
      expect(trace.state).toBe('unknown')
      controller.abort()
      await response.text().catch(() => '')
    })
    expect(trace).toMatchObject({ calls: 1, state: 'unknown' })
  })

  it('sees nothing after close, and nothing where the runtime cannot', async () => {
    const watch = createUpstreamWatch(() => true, judge)
    const trace = watch.trace()
    watch.close()
    watch.close()
    await trace.run(() => post('/model'))
    expect(trace.calls).toBe(0)
    const web = createWebWatch(() => true, judge).trace()
    expect(await web.run(() => post('/model'))).toBe('{}')
    expect(web).toMatchObject({ calls: 0, state: 'unknown' })
  })
})

describe('which calls ask a model', () => {
  const isModelCall = createModelCallTest([{ host: '*.corp.test', path: '/llm' }, { host: 'gpu:8000' }])
  it.each([
    ['api.openai.com', '/v1/chat/completions', true],
    ['api.openai.com', '/v1/responses?x=1', true],
    ['api.openai.com', '/v1/embeddings', false],
    ['api.openai.com', '/v1/moderations', false],
    ['api.anthropic.com', '/v1/messages', true],
    ['api.anthropic.com', '/v1/messages/count_tokens', false],
    ['generativelanguage.googleapis.com', '/v1beta/models/gemini-2.5-pro:generateContent', true],
    ['generativelanguage.googleapis.com', '/v1beta/models/x:embedContent', false],
    ['my.openai.azure.com', '/openai/deployments/a/chat/completions?api-version=1', true],
    ['bedrock-runtime.eu-west-1.amazonaws.com', '/model/anthropic.claude/converse-stream', true],
    ['bedrock-runtime.eu-west-1.amazonaws.com', '/model/amazon.titan-embed-text-v2:0/invoke', false],
    ['my.openai.azure.com', '/openai/deployments/embeddings/chat/completions?api-version=1', true],
    ['localhost:4000', '/v1/chat/completions', true],
    ['localhost:11434', '/api/chat', true],
    ['localhost:3000', '/api/chat', false],
    ['mail.test', '/messages', false],
    ['mail.test', '/v2/forms/responses', false],
    ['a.corp.test', '/llm/x', true],
    ['a.corp.test:9000', '/llm', true],
    ['corp.test', '/llm', false],
    ['a.corp.test', '/mail', false],
    ['gpu:8000', '/anything', true],
    ['gpu:8001', '/anything', false],
  ])('%s %s: %s', (host, path, expected) => {
    expect(isModelCall(host, path, 'POST')).toBe(expected)
    expect(isModelCall(host, path, 'GET')).toBe(false)
  })
})
