import { createServer } from 'node:http'
import { createLlmCache, isOptionError } from '@llm-cache/core'
import { chat, listen, type Served } from '@llm-cache/core/testing'
import { cached, type Handler, llmCache } from '@llm-cache/express'
import express from 'express'
import express4 from 'express-v4'
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import { type DecoratorKind, runDecorated } from '../../../test/support/decorators.js'
import type { Express } from './driver.js'

const FRAMEWORKS: readonly (readonly [string, Express])[] = [
  ['express 4', express4],
  ['express 5', express],
]

let served: Served | undefined
afterEach(async () => {
  await served?.close()
  served = undefined
})

async function ask(url: string, path: string, prompt: string): Promise<{ label: string | null; body: unknown }> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(chat(prompt)),
  })
  return { label: response.headers.get('x-llm-cache'), body: await response.json() }
}

const CONTROLLER = `
class Controller {
  #greeting
  runs = 0
  constructor(greeting) { this.#greeting = greeting }
  @cached({ cache, ttl: '1h' })
  async chat(request, response) {
    this.runs++
    response.json({ answer: this.#greeting + request.body.messages[0].content, runs: this.runs })
  }
  @cached({ cache })
  fail() { throw new Error('no answer') }
}
return Controller
`

interface Controller {
  readonly runs: number
  chat: Handler
  fail: Handler
}

describe.each(FRAMEWORKS)('cached() on %s', (_name, module) => {
  function serve(handlers: Readonly<Record<string, Handler>>): Promise<Served> {
    const app = module()
    app.use(module.json())
    for (const [path, handler] of Object.entries(handlers)) app.post(path, handler as express.RequestHandler)
    app.use(((error, _request, response, _next) => response.status(500).json({ error: error.message })) as express.ErrorRequestHandler)
    return listen(createServer(app))
  }

  it.each<DecoratorKind>(['tc39', 'legacy'])('as a %s decorator keeps `this`', async (kind) => {
    const cache = createLlmCache()
    const made = runDecorated(kind, CONTROLLER, { cached, cache }) as new (greeting: string) => Controller
    const [one, two] = [new made('Hello '), new made('Goodbye ')]
    served = await serve({
      '/one': (request, response, next) => one.chat(request, response, next),
      '/two': two.chat.bind(two),
      '/fail': one.fail.bind(one),
    })
    expect(await ask(served.url, '/one', 'moon')).toEqual({ label: 'MISS', body: { answer: 'Hello moon', runs: 1 } })
    expect(await ask(served.url, '/one', 'moon')).toEqual({ label: 'HIT', body: { answer: 'Hello moon', runs: 1 } })
    expect(await ask(served.url, '/two', 'moon')).toEqual({ label: 'MISS', body: { answer: 'Goodbye moon', runs: 1 } })
    expect(await ask(served.url, '/fail', 'moon')).toMatchObject({ body: { error: 'no answer' } })
    expect([one.runs, two.runs]).toEqual([1, 1])
  })

  it('as a wrapper has a cache of its own where none is given', async () => {
    let runs = 0
    const handler: Handler = (_request, response) => response.json({ runs: ++runs })
    served = await serve({ '/a': cached({ ttl: '1h' }, handler), '/b': cached({ ttl: '1h' })(handler) })
    expect((await ask(served.url, '/a', 'x')).body).toEqual({ runs: 1 })
    expect((await ask(served.url, '/a', 'x')).body).toEqual({ runs: 1 })
    expect((await ask(served.url, '/b', 'x')).body).toEqual({ runs: 2 })
  })

  it('throws as the bare handler does, whenever the cache lets it run', async () => {
    const fail: Handler = () => {
      throw new Error('no answer')
    }
    const partition = (): Promise<string> => Promise.resolve('team')
    served = await serve({ '/now': cached({}, fail), '/later': cached({ partition }, fail) })
    expect((await ask(served.url, '/now', 'x')).body).toEqual({ error: 'no answer' })
    expect((await ask(served.url, '/later', 'x')).body).toEqual({ error: 'no answer' })
  })
})

describe('options', () => {
  it('are checked when the middleware is made', () => {
    expect(() => llmCache({ tll: '1h' } as never)).toThrow(/ttl/)
    expect(() => cached({ ttl: '1 fortnight' as never })).toThrow(/ttl/)
    try {
      llmCache({ ttl: -1 })
    } catch (error) {
      expect(isOptionError(error)).toBe(true)
    }
  })

  it('cached() refuses what is no handler', () => {
    expect(() => cached({})({ prototype: 1 } as never)).toThrow(TypeError)
  })
})

describe('the handle', () => {
  it('is typed', () => {
    const handler: express.RequestHandler = (_request, response) => {
      expectTypeOf(response.locals.llmCache.outcome).toEqualTypeOf<'HIT' | 'SEMANTIC-HIT' | 'STALE' | 'MISS' | 'BYPASS' | 'COLLAPSED'>()
      response.locals.llmCache.tag('docs').ttl('10m').skip('side effects').usage({ inputTokens: 1 })
      // @ts-expect-error there is no such method
      response.locals.llmCache.tags('docs')
    }
    expect(handler).toBeTypeOf('function')
  })
})

it.each(['a text', 5, {}, null])('refuses %j in the place of a handler at once', (handler) => {
  expect(() => cached({}, handler as never)).toThrow(TypeError)
})
