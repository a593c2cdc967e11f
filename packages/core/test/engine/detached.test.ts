import { expect, it } from 'vitest'
import { createDetachedTable } from '../../src/engine/detached.js'
import { createManualClock } from '../../src/testing/manual-clock.js'

it.each([
  [401, 0],
  [503, 0],
  ['not-sent', 0],
  [200, undefined],
  [undefined, undefined],
] as const)('a request that never came to the cache and ended with %s cost %s', async (status, cost) => {
  const { result, abandon } = createDetachedTable(createManualClock()).create()
  abandon(status)
  expect(await result).toEqual({ kind: 'failed', reason: 'not-reached', tokens: cost, usd: cost })
})

it('a request that came and of which nothing more was heard cost nobody knows what', async () => {
  const clock = createManualClock()
  const table = createDetachedTable(clock)
  const { mark, result, abandon } = table.create()
  table.take(mark)
  abandon(500)
  clock.advance(30_000)
  expect(await result).toEqual({ kind: 'failed', reason: 'not-reached' })
})
