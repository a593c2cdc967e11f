import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { send } from '../../src/testing/adapter-contract/client.js'
import { chat, completion } from '../../src/testing/adapter-contract/samples.js'
import { type App, withApp } from './support.js'

/** Calls that Node refuses with a throw, before anything went out. */
const REFUSED: Readonly<Record<string, (response: ServerResponse) => unknown>> = {
  'writeHead with an undefined value': (response) => response.writeHead(200, { 'X-Model': undefined }),
  'writeHead with an invalid value': (response) => response.writeHead(200, { 'X-Model': 'a\nb' }),
  'writeHead with an invalid name': (response) => response.writeHead(200, { 'X Model': 'a' }),
  'writeHead with a flat list and an invalid value': (response) => response.writeHead(200, ['X-Model', 'a\nb']),
  'writeHead with an invalid status': (response) => response.writeHead(1000),
  'setHeader with an invalid value': (response) => response.setHeader('X-Model', 'a\nb'),
  'write(null)': (response) => response.write(null),
  'write({})': (response) => response.write({}),
  'end(5)': (response) => response.end(5),
  'end with an unknown encoding': (response) => response.end('abc', 'nope' as BufferEncoding),
}

describe('what Node refuses', () => {
  it.each(Object.keys(REFUSED))('%s: the error page goes out each time, nothing is stored, nobody waits', async (name) => {
    const handler = (_request: unknown, response: ServerResponse): void => {
      response.statusCode = 200
      REFUSED[name]?.(response)
      response.end(JSON.stringify(completion(1)))
    }
    const ask = (app: App): Promise<string> =>
      send(app.url, { body: chat() }).then(
        ({ status, text, cut }) => `${status} ${text} ${cut}`,
        (error: NodeJS.ErrnoException) => String(error.code),
      )
    let alone = ''
    await withApp(
      handler,
      async (app) => {
        alone = await ask(app)
      },
      'no cache',
    )
    // Node notices an encoding that it does not know only after it has made the head.
    expect(alone).toMatch(name === 'end with an unknown encoding' ? /^ECONNRESET$/ : /^500 {"sorry":.*false$/)
    await withApp(handler, async (app) => {
      for (let run = 1; run <= 3; run++) {
        expect(await ask(app)).toBe(alone)
        expect(app.runs()).toBe(run)
      }
      expect(await Promise.all([ask(app), ask(app), ask(app)])).toEqual([alone, alone, alone])
      expect((await app.cache.stats()).stored).toBe(0)
    })
  })

  it('a refused head while followers wait: they get the error page too', async () => {
    let go = (): void => undefined
    const waiting = new Promise<void>((resolve) => {
      go = resolve
    })
    const handler = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      if (request.method === 'PUT') {
        response.end()
        return
      }
      await waiting
      response.writeHead(200, { 'X-Model': undefined })
    }
    await withApp(handler, async (app) => {
      let requests = 0
      app.server.on('request', () => requests++)
      const asked = [1, 2, 3].map(() => send(app.url, { body: chat() }))
      await expect.poll(() => requests, { timeout: 10_000 }).toBe(3)
      // Their bodies are read and they follow once another request has gone all the way.
      await send(app.url, { method: 'PUT' })
      go()
      expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([500, 500, 500])
      expect((await app.cache.stats()).stored).toBe(0)
    })
  })

  it('a handler that goes on after a refused write: its answer goes out, and is not stored', async () => {
    const handler = (_request: unknown, response: ServerResponse): void => {
      response.setHeader('Content-Type', 'application/json')
      response.write(JSON.stringify(completion(1)))
      try {
        response.write({})
      } catch {
        response.end()
      }
    }
    await withApp(handler, async (app) => {
      for (const run of [1, 2]) {
        expect((await send(app.url, { body: chat() })).text).toBe(JSON.stringify(completion(1)))
        expect(app.runs()).toBe(run)
      }
    })
  })

  it('once the head is out, a refused write breaks the answer off for leader and followers', async () => {
    let go = (): void => undefined
    const waiting = new Promise<void>((resolve) => {
      go = resolve
    })
    const handler = async (_request: unknown, response: ServerResponse): Promise<void> => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: a\n\n')
      await waiting
      response.write(null)
    }
    await withApp(handler, async (app) => {
      const asked = [send(app.url, { body: chat() }), send(app.url, { body: chat() })]
      await expect.poll(() => app.served.sockets.size, { timeout: 10_000 }).toBe(2)
      go()
      for (const received of await Promise.all(asked)) expect(received.cut).toBe(true)
      expect(new Set(app.skips())).toEqual(new Set(['origin-error']))
    })
  })
})
