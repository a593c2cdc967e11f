import { AsyncLocalStorage } from 'node:async_hooks'
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
