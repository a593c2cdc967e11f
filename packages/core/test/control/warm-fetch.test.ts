/** Warming without an app's routes: a handler of `Request`s that asks the model, wrapped by the cache. */

import { createModelServer } from '@llm-cache/core/testing'
import { expect, it } from 'vitest'
import { createLlmCache } from '../../src/cache.js'
import { createWebServe } from '../../src/web/index.js'

it('goes through a plain fetch handler', async () => {
  const provider = await createModelServer({})
  const cache = createLlmCache({ partition: 'shared', log: false })
  const serve = createWebServe(cache.route({}))
  const ask = async (request: Request): Promise<Response> =>
    fetch(`${provider.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: await request.text(),
    })
  async function handler(request: Request): Promise<Response> {
    let current = request
    const options = {
      request,
      explicit: true,
      route: () => '/v1/chat/completions',
      outer: undefined,
      dispatch: undefined,
      fields: () => new Headers(),
      expose: () => undefined,
      replace(next: Request) {
        current = next
      },
    }
    return (await serve(options, () => ask(current))) ?? new Response(null, { status: 404 })
  }
  const body = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Why is the sky blue?' }] }
  const report = await cache.warm([{ url: '/v1/chat/completions', body }], { app: { fetch: handler }, host: 'api.example.com' })
  expect(report).toMatchObject({ requests: 1, warmed: 1, stoppedBy: 'end' })
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const hit = await handler(new Request('http://api.example.com/v1/chat/completions', init))
  expect(hit.headers.get('x-llm-cache')).toBe('HIT')
  expect(provider.callCount()).toBe(1)
  await cache.close()
  await provider.close()
})
