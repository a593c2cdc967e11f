/** Koa, both majors, as the adapter contract drives it. */

import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { constants } from 'node:zlib'
import cors from '@koa/cors'
import Router from '@koa/router'
import {
  type AdapterDriver,
  type Answer,
  type AppSpec,
  listen,
  nodeShapes,
  type RouteSpec,
  readAll,
  type Served,
  type Shape,
} from '@llm-cache/core/testing'
import { cached, type Handler, llmCache } from '@llm-cache/koa'
import type Koa from 'koa'
import type { Context, Middleware } from 'koa'
import bodyParser from 'koa-bodyparser'
import compress from 'koa-compress'
import { aiNodeShapes } from '../../../test/support/ai-shapes.js'
import { koaShapes, started, webShapes } from './shapes.js'

export type KoaModule = typeof Koa
export type Native = (ctx: Context) => unknown

/** `webBodies`: Koa 3, which takes web streams and `Response` as bodies. */
export function koaDriver(name: string, module: KoaModule, webBodies: boolean): AdapterDriver<Native> {
  const raw = [...nodeShapes, ...aiNodeShapes].map(({ run, ...shape }) => ({
    ...shape,
    run: (ctx: Context, tools: Parameters<typeof run>[1]) => {
      ctx.respond = false
      // Koa begins with 404.
      ctx.res.statusCode = 200
      return run(ctx.res, tools)
    },
  }))
  const shapes: Shape<Native>[] = [...koaShapes, ...(webBodies ? webShapes : []), ...raw].map(({ run, ...shape }) => ({
    ...shape,
    make: (tools) => (ctx) => {
      tools.called()
      return run(ctx, tools)
    },
  }))
  return { name, shapes, serve: (spec) => serve(module, spec) }
}

function serve(module: KoaModule, spec: AppSpec<Native>): Promise<Served> {
  const { cache, mount, rules, mountedAt } = spec
  const app = new module()
  // Koa 2 leaves a client waiting whose body stream failed; apps on it break the connection off by themselves.
  app.on('error', (_error: Error, ctx?: Context) => ctx?.headerSent && ctx.res.destroy())
  app.use((_ctx, next) => {
    spec.arrived()
    return next()
  })
  if (spec.cors) app.use(cors({ origin: (ctx) => ctx.get('Origin'), credentials: true }))
  if (spec.compression === 'outside') app.use(compression())

  const router = new Router()
  const home: { use(middleware: Middleware): unknown } = mountedAt.length === 0 ? app : router
  const parser = bodyParser({ jsonLimit: '50mb', strict: false })
  if (spec.bodyParser === 'before') home.use(parser)
  if (cache && mount === 'global') home.use(llmCache(cache, rules))
  if (cache && mount === 'nested') home.use(llmCache(cache))
  if (spec.compression === 'inside') home.use(compression())
  if (spec.bodyParser === 'after' && (mount === 'global' || mount === 'nested')) home.use(parser)

  for (const route of spec.routes) {
    const chain: Middleware[] = []
    if (cache && (mount === 'route' || mount === 'nested')) chain.push(llmCache(cache, rules))
    if (spec.bodyParser === 'after' && mount === 'route') chain.push(parser)
    const handler = handlerOf(route, spec.bodyParser === 'none')
    chain.push(cache && mount === 'cached' ? cached({ ...rules, cache }, handler) : handler)
    router.register(route.path, [route.method], chain)
  }
  if (mountedAt.length === 0) app.use(router.routes())
  for (const path of mountedAt) app.use(new Router().use(path, router.routes()).routes())
  return listen(createServer(app.callback()))
}

function compression(): Middleware {
  const flush = constants.Z_SYNC_FLUSH
  return compress({ threshold: 0, filter: () => true, br: false, gzip: { flush }, deflate: { flush } })
}

function handlerOf({ handler }: RouteSpec<Native>, raw: boolean): Handler {
  if (handler.kind === 'native') return handler.native
  return (ctx: Context) => {
    const run = (body: unknown): unknown => {
      const answer = handler.run({
        method: ctx.method,
        url: ctx.originalUrl,
        header: (name) => (ctx.headers[name] === undefined ? undefined : ctx.get(name)),
        body,
        handle: ctx.state.llmCache,
        onGone: (callback) => void ctx.res.once('close', () => ctx.res.writableFinished || callback()),
      })
      return answer instanceof Promise ? answer.then((value) => send(ctx, value)) : send(ctx, answer)
    }
    return raw ? readAll(ctx.req).then(run) : run((ctx.request as { body?: unknown }).body)
  }
}

function send(ctx: Context, { status = 200, headers = {}, json, body = '', chunks }: Answer): void {
  ctx.status = status
  for (const [name, value] of Object.entries(headers)) ctx.set(name, value as string | string[])
  if (json !== undefined) ctx.body = json
  else if (chunks) ctx.body = Readable.from(started(chunks))
  else ctx.body = typeof body === 'string' ? body : Buffer.from(body)
}
