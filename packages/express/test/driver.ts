/** Express, both majors, as the adapter contract drives it. */

import { createServer } from 'node:http'
import type { LlmCache } from '@llm-cache/core'
import {
  type AdapterDriver,
  type Answer,
  type AppSpec,
  completion,
  EVENT_STREAM,
  listen,
  type NodeShape,
  nodeShapes,
  paced,
  type RouteSpec,
  readAll,
  type Served,
  type Shape,
  sendAnswer,
} from '@llm-cache/core/testing'
import { cached, llmCache } from '@llm-cache/express'
import compression from 'compression'
import cors from 'cors'
import type express from 'express'
import { aiNodeShapes } from '../../../test/support/ai-shapes.js'

export type Express = typeof express
export type Native = (request: express.Request, response: express.Response) => unknown

const expressShapes: readonly (Omit<NodeShape, 'run'> & {
  run(response: express.Response, tools: Parameters<NodeShape['run']>[1]): unknown
})[] = [
  { name: 'res.json', streamed: false, asksModel: false, run: (response) => response.status(201).json(completion(1)) },
  {
    name: 'res.send of a text',
    streamed: false,
    asksModel: false,
    run: (response) => response.type('text/plain').set('X-Model', 'a').send('The moon pulls.'),
  },
  { name: 'res.send of a buffer', streamed: false, asksModel: false, run: (response) => response.send(Buffer.from([1, 2, 0, 255])) },
  {
    name: 'res.write without a head',
    streamed: true,
    asksModel: false,
    run: async (response, { frames, gate }) => {
      response.set(EVENT_STREAM as Record<string, string>)
      for await (const frame of paced(gate, frames)) response.write(frame)
      response.end()
    },
  },
]

/** `catches`: Express 5, which passes rejections on; handlers of Express 4 do that themselves. */
export function expressDriver(name: string, module: Express, catches: boolean): AdapterDriver<Native> {
  const shapes: Shape<Native>[] = [...expressShapes, ...nodeShapes, ...aiNodeShapes].map(({ run, ...shape }) => ({
    ...shape,
    make: (tools) => (_request, response) => {
      tools.called()
      return run(response, tools)
    },
  }))
  return { name, shapes, serve: (spec) => serve(module, catches, spec) }
}

function serve(module: Express, catches: boolean, spec: AppSpec<Native>): Promise<Served> {
  const { cache, mount, rules, bodyParser, mountedAt } = spec
  const app = module()
  app.use((_request, _response, next) => {
    spec.arrived()
    next()
  })
  if (spec.cors) app.use(cors({ origin: true, credentials: true }))
  if (spec.compression === 'outside') app.use(compression({ threshold: 0 }))

  // `mergeParams` and the like do not matter; an app where there is one mount, a router where there are two.
  const home = mountedAt.length === 0 ? app : mountedAt.length === 1 ? module() : module.Router()
  const parser = module.json({ limit: '50mb', strict: false })
  if (bodyParser === 'before') home.use(parser)
  if (cache && mount === 'global') home.use(llmCache(cache, rules))
  if (cache && mount === 'nested') home.use(llmCache(cache))
  if (spec.compression === 'inside') home.use(compression({ threshold: 0 }))
  if (bodyParser === 'after' && (mount === 'global' || mount === 'nested')) home.use(parser)

  for (const route of spec.routes) {
    const chain: express.RequestHandler[] = []
    if (cache && (mount === 'route' || mount === 'nested')) chain.push(llmCache(cache, rules))
    if (bodyParser === 'after' && mount === 'route') chain.push(parser)
    const handler = handlerOf(route, bodyParser === 'none', catches)
    chain.push(cache && mount === 'cached' ? withRules(cache, rules, handler) : handler)
    home[route.method.toLowerCase() as 'post'](route.path, ...chain)
  }
  for (const path of mountedAt) app.use(path, home)
  app.use(((error, _request, response, next) => {
    if (response.headersSent) next(error)
    else response.status(error.status ?? 500).json({ error: error.message })
  }) as express.ErrorRequestHandler)
  return listen(createServer(app))
}

function withRules(cache: LlmCache, rules: AppSpec<Native>['rules'], handler: express.RequestHandler): express.RequestHandler {
  return cached({ ...rules, cache }, handler)
}

function handlerOf({ handler }: RouteSpec<Native>, raw: boolean, catches: boolean): express.RequestHandler {
  const run = (request: express.Request, response: express.Response): unknown => {
    if (handler.kind === 'native') return handler.native(request, response)
    const body = raw ? readAll(request) : request.body
    const answer = (bytes: unknown): Answer | Promise<Answer> =>
      handler.run({
        method: request.method,
        url: request.originalUrl,
        header: (name) => request.get(name),
        body: bytes,
        handle: response.locals.llmCache,
        onGone: (callback) => void response.once('close', () => response.writableFinished || callback()),
      })
    const reply = (result: Answer): unknown => {
      if (!('json' in result)) return sendAnswer(response, result)
      return response
        .status(result.status ?? 200)
        .set((result.headers ?? {}) as Record<string, string>)
        .json(result.json)
    }
    if (body instanceof Promise) return body.then(answer).then(reply)
    const result = answer(body)
    return result instanceof Promise ? result.then(reply) : reply(result)
  }
  return (request, response, next) => {
    const result = run(request, response)
    if (catches || !(result instanceof Promise)) return result as undefined
    result.catch(next)
    return undefined
  }
}
