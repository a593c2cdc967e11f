// The tests run on both majors; what they use of Koa has the same types in both.
declare module 'koa-v2' {
  export { default } from 'koa'
}

declare module 'koa-bodyparser' {
  import type { Middleware } from 'koa'

  function bodyParser(options?: { jsonLimit?: string; strict?: boolean }): Middleware

  export { bodyParser as default }
}

declare module '@koa/cors' {
  import type { Context, Middleware } from 'koa'

  function cors(options?: { origin?: (ctx: Context) => string; credentials?: boolean }): Middleware

  export { cors as default }
}
