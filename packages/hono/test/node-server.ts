/** What the tests use of `@hono/node-server`. */

export { createAdaptorServer } from '@hono/node-server'
export { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
