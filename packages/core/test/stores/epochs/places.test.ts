import { describe, expect, it } from 'vitest'
import type { Entry } from '../../../src/entry/entry.js'
import { createPlaces } from '../../../src/stores/epochs/places.js'
import { guardStore } from '../../../src/stores/guarded.js'
import { createMemoryStore } from '../../../src/stores/memory.js'
import { createTiers, type StoreTiers } from '../../../src/stores/tiers.js'
import { createManualClock } from '../../../src/testing/manual-clock.js'
import { sampleEntry } from '../../../src/testing/sample-entry.js'
import { always, keyOf } from './support.js'

const idOf = (number: number): string => String(number).padStart(22, '0')

describe('places', () => {
  it('lead to what is held, and are at most a third more', () => {
    const held = new Map<string, Entry>()
    const places = createPlaces((key) => held.get(key))
    const clock = createManualClock()
    let most = 0
    for (let each = 0; each < 20_000; each++) {
      const key = keyOf(`${each}`)
      held.set(key, sampleEntry(clock, { id: idOf(each), key }))
      places.add(idOf(each), key)
      if (each >= 1000) held.delete(keyOf(`${each - 1000}`))
      most = Math.max(most, places.size)
    }
    for (let each = 19_000; each < 20_000; each++) expect(places.find(idOf(each))?.id).toBe(idOf(each))
    expect(places.find(idOf(18_999))).toBeUndefined()
    expect(most).toBeLessThanOrEqual(1340)
  })

  it('lead nowhere once another answer has taken the place', () => {
    const clock = createManualClock()
    const places = createPlaces((key) => sampleEntry(clock, { id: idOf(2), key }))
    places.add(idOf(1), keyOf('a'))
    expect(places.find(idOf(1))).toBeUndefined()
  })
})

describe('a memory of many answers, and no other store', () => {
  const clock = createManualClock()
  const openTiers = (maxEntries: number): StoreTiers => {
    const store = createMemoryStore({ clock, maxEntries })
    return createTiers([{ store: guardStore(store, { clock }), ttlMs: Number.POSITIVE_INFINITY }], {
      clock,
      onEvent: () => undefined,
      onRemoved: () => undefined,
      onRetired: () => undefined,
    })
  }
  const fill = (tiers: StoreTiers, number: number, dependsOn?: string): void => {
    const base = sampleEntry(clock, { id: idOf(number), key: keyOf(`${number}`) })
    const meta = { ...base.meta, startedAt: tiers.stamp(), ...(dependsOn !== undefined && { dependsOn: [dependsOn] }) }
    expect(tiers.set({ ...base, meta })).toBe('stored')
  }
  const has = (tiers: StoreTiers, number: number): boolean => tiers.peek(keyOf(`${number}`), always).kind === 'found'

  it('knows each of them by its id, and what they were made from', async () => {
    const tiers = openTiers(40_000)
    fill(tiers, 0, 'doc:1')
    for (let each = 1; each <= 11_000; each++) fill(tiers, each)
    fill(tiers, 30_000, idOf(0))
    expect(await tiers.find(idOf(0))).toEqual({ key: keyOf('0') })
    await tiers.retire([tiers.guardOf('dependency', 'doc:1')])
    expect([has(tiers, 0), has(tiers, 30_000), has(tiers, 1)]).toEqual([false, false, true])
    await tiers.close()
  })

  it('forgets those that went long ago', async () => {
    const tiers = openTiers(2_000)
    for (let each = 0; each <= 12_000; each++) fill(tiers, each)
    expect(await tiers.find(idOf(0))).toBeUndefined()
    expect(await tiers.find(idOf(12_000))).toEqual({ key: keyOf('12000') })
    await tiers.close()
  })
})
