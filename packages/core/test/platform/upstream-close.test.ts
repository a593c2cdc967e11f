import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, vi } from 'vitest'
import { createUpstreamWatch } from '../../src/platform/node-upstream.js'

// A storage that once ran slows each asynchronous operation of the process down, until it is told that it is over.
it('a closed watch leaves no storage behind', () => {
  const used = vi.spyOn(AsyncLocalStorage.prototype, 'run')
  const ended = vi.spyOn(AsyncLocalStorage.prototype, 'disable')
  const watch = createUpstreamWatch(
    () => true,
    () => 'complete',
  )
  watch.trace().run(() => undefined)
  watch.close()
  expect(used.mock.contexts).toHaveLength(1)
  expect(ended.mock.contexts).toEqual(used.mock.contexts)
})

it('rests while no exchange is open, and wakes for the next one', async () => {
  const ended = vi.spyOn(AsyncLocalStorage.prototype, 'disable').mockClear()
  const watch = createUpstreamWatch(
    () => true,
    () => 'complete',
  )
  const first = watch.trace()
  const second = watch.trace()
  await first.run(async () => undefined)
  first.close()
  first.close()
  expect(ended).not.toHaveBeenCalled()
  second.close()
  expect(ended).toHaveBeenCalledTimes(1)
  const third = watch.trace()
  const server = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  await third.run(async () => {
    await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { method: 'POST' })
  })
  server.closeAllConnections()
  server.close()
  expect(third.calls).toBe(1)
  third.close()
  expect(ended).toHaveBeenCalledTimes(2)
  watch.close()
})
