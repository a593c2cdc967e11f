import { describe, expect, it } from 'vitest'
import { VectorIndexError } from '../../../src/errors.js'
import type { VectorIndex, VectorMatch } from '../../../src/semantic/ports.js'
import { guardIndex } from '../../../src/semantic/vectors/guarded.js'
import { createMemoryVectorIndex } from '../../../src/semantic/vectors/memory.js'
import { createManualClock } from '../../../src/testing/manual-clock.js'

const VECTOR = Float32Array.of(1, 0)
const never = (): Promise<never> => new Promise<never>(() => undefined)
const indexOf = (search: VectorIndex['search'], more: Partial<VectorIndex> = {}): VectorIndex => ({
  ...createMemoryVectorIndex({ maxVectors: 10 }),
  search,
  ...more,
})
const reasonOf = async (work: () => unknown): Promise<unknown> => {
  try {
    await work()
  } catch (error) {
    return error instanceof VectorIndexError ? error.reason : error
  }
  return undefined
}
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

describe('an index of the app', () => {
  it.each([Number.NaN, 1.7, -1.2, Number.POSITIVE_INFINITY, '0.9' as never])(
    'that gives the similarity %s is not believed',
    async (similarity) => {
      for (const search of [() => [{ id: 'a', similarity }], async () => [{ id: 'a', similarity }]]) {
        const index = guardIndex(indexOf(search), createManualClock())
        expect(await reasonOf(() => index.search('lc1.p.n', VECTOR, { k: 3 }))).toBe('failed')
      }
    },
  )

  it('may answer in any order', async () => {
    const matches: VectorMatch[] = [0.2, 1.0002, -0.5, 0.9].map((similarity, at) => ({ id: `${at}`, similarity }))
    const index = guardIndex(
      indexOf(() => matches),
      createManualClock(),
    )
    expect((await index.search('lc1.p.n', VECTOR, { k: 4 })).map(({ id }) => id)).toEqual(['1', '3', '0', '2'])
  })

  it('that hangs costs a few requests their deadline, then nothing, and is asked again after a while', async () => {
    const clock = createManualClock()
    let hangs = true
    let calls = 0
    const search = async (): Promise<VectorMatch[]> => {
      calls++
      return hangs ? never() : []
    }
    const index = guardIndex(indexOf(search), clock)
    const reasons: unknown[] = []
    for (let request = 0; request < 30; request++) {
      const reason = reasonOf(() => index.search('lc1.p.n', VECTOR, { k: 3 }))
      await turns()
      clock.advance(250)
      reasons.push(await reason)
    }
    expect(reasons.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'timeout'))
    expect(reasons.filter((reason) => reason === 'open').length).toBeGreaterThan(15)
    expect(calls).toBeLessThan(15)
    hangs = false
    let waitedMs = 0
    while ((await reasonOf(() => index.search('lc1.p.n', VECTOR, { k: 3 }))) === 'open') {
      waitedMs += 1000
      clock.advance(1000)
      expect(waitedMs).toBeLessThan(120_000)
    }
    expect(await index.search('lc1.p.n', VECTOR, { k: 3 })).toEqual([])
  })

  it('whose writes hang, throw or reject says so in time', async () => {
    const clock = createManualClock()
    const failing = {
      add: never,
      remove: () => {
        throw new Error('down')
      },
      clear: () => Promise.reject(new Error('down')),
    }
    const index = guardIndex(
      indexOf(() => [], failing),
      clock,
    )
    const added = reasonOf(() => index.add('lc1.p.n', [{ id: 'a', vector: VECTOR, deleteAt: Number.POSITIVE_INFINITY }]))
    await turns()
    clock.advance(5000)
    expect(await added).toBe('timeout')
    for (const work of [() => index.remove('lc1.p.n', ['a']), () => index.clear('')])
      expect(await reasonOf(work)).toMatchObject({ message: 'down' })
    expect(clock.pending()).toBe(0)
  })

  it('that works stays as quick as it is', () => {
    const memory = createMemoryVectorIndex({ maxVectors: 10 })
    const index = guardIndex(memory, createManualClock())
    index.add('lc1.p.n', [{ id: 'a', vector: VECTOR, deleteAt: Number.POSITIVE_INFINITY }])
    expect(index.search('lc1.p.n', VECTOR, { k: 1 })).toEqual([{ id: 'a', similarity: 1 }])
    expect([index.name, index.synchronous, index.size()]).toEqual([memory.name, memory.synchronous, 1])
  })
})
