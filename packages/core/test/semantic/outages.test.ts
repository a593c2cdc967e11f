import Keyv from 'keyv'
import { describe, expect, it } from 'vitest'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import type { CacheRequest } from '../../src/exchange.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'
import { completion, field, type Harness, harness, open, record, request } from '../engine/support.js'
import { ask, bold, OTHER, SKY, SKY_AGAIN, settled } from './support.js'

/** A cache over a store that can be told to hang. */
function hanging(
  tiers: (store: Keyv, clock: ManualClock) => NonNullable<LlmCacheOptions['store']>,
): Harness & { hang: () => void; asked: () => number } {
  const data = new Map<string, unknown>()
  let hangs = false
  let asked = 0
  const backing = {
    get(key: string): unknown {
      if (!hangs) return data.get(key)
      asked++
      return new Promise(() => undefined)
    },
    set: (key: string, value: unknown) => data.set(key, value),
    delete: (key: string) => data.delete(key),
    clear: () => data.clear(),
  }
  const clock = createManualClock()
  const made = harness({
    clock,
    store: tiers(new Keyv({ store: backing as never }), clock),
    storeTimeout: 100,
    log: false,
    strategy: 'hybrid',
    semantic: { policy: bold().policy },
  })
  const hang = (): void => {
    hangs = true
  }
  return { ...made, clock, hang, asked: () => asked }
}

describe('a store that hangs', () => {
  it('is waited for once: what means the same is not looked for there', async () => {
    const { cache, clock, hang, asked, last } = hanging((store) => store)
    await record(cache, ask(SKY))
    await settled(cache)
    hang()
    const opening = open(cache, ask(SKY_AGAIN), 'record')
    await settled(cache)
    clock.advance(101)
    const { handle } = await opening
    expect([handle.semantic?.outcome, asked()]).toEqual(['store-failed', 1])
    expect(last('lookup-miss').reason).toBe('store-failed')
  })

  it('does not hide what this process has at hand, once it is known to be away', async () => {
    const { cache, clock, hang, last } = hanging((store, clock) => [createMemoryStore({ clock }), store])
    await record(cache, ask(SKY), completion('Rayleigh.'))
    await settled(cache)
    hang()
    for (let time = 0; time < 6; time++) {
      const opening = open(cache, ask(OTHER), 'record')
      await settled(cache)
      clock.advance(101)
      const { recorder } = await opening
      recorder.abort('origin-error')
    }
    expect(last('store-state').state).toBe('down')
    const { reply } = await open(cache, ask(SKY_AGAIN), 'replay')
    expect(field(reply.headers, 'x-llm-cache')).toBe('SEMANTIC-HIT')
  })
})

it('finds out once who asks', async () => {
  const { cache } = harness({ strategy: 'hybrid', partition: 'shared', semantic: { policy: bold().policy } })
  let read = 0
  const counted = (parts: ReturnType<typeof ask>): CacheRequest => {
    const plain = request({ ...parts, headers: { authorization: 'Bearer a' } })
    const header = (name: string): string | undefined => {
      if (name === 'authorization') read++
      return plain.header(name)
    }
    return { ...plain, header }
  }
  await open(cache, counted(ask(SKY)), 'record')
  expect(read).toBe(1)
})
