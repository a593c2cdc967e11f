/** `@llm-cache/core/web`: the cache on `Request` and `Response`, for adapters. Runs wherever they exist. */

export { type BodyReader, createBodyReader } from './body.js'
export { type Client, watchClient } from './client.js'
export { handlerFields, withFields } from './headers.js'
export { createRejectHandler } from './reject.js'
export { replyResponse } from './reply.js'
export { targetOf, type WebRequestOptions, webRequest } from './request.js'
export { createWebServe, type WebServe, type WebServeOptions } from './serve.js'
export { type Recording, tapResponse, tapStream } from './tap.js'
