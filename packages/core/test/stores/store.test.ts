import { Keyv as Keyv6 } from 'keyv'
import { Keyv as Keyv5 } from 'keyv-v5'
import { describe, expect, it } from 'vitest'
import type { KeyvLike } from '../../src/ports.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { openStore } from '../../src/stores/store.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'

const clock = createManualClock()

describe('openStore', () => {
  it('opens memory with its bounds and clock when nothing is given', () => {
    const own = createManualClock()
    const store = openStore(undefined, { maxBytes: 8000 }, own)
    expect([store.name, store.limits.maxEntryBytes]).toEqual(['memory', 1000])
    store.set(sampleEntry(own, { lifetimeMs: 5 }))
    own.advance(5)
    expect(store.get(sampleEntry(own, {}).key)).toBeUndefined()
  })

  it('takes a store as it is', () => {
    const store = createMemoryStore()
    expect(openStore(store, {}, clock)).toBe(store)
  })

  it.each([
    ['keyv 5', new Keyv5()],
    ['keyv 6', new Keyv6()],
    ['Map', new Map<string, string>()],
  ])('wraps %s', (_name, keyv) => {
    const store = openStore(keyv, { maxEntryBytes: 5000 }, clock)
    expect([store.name, store.limits.maxEntryBytes]).toEqual(['keyv', 5000])
  })

  it.each<[string, unknown]>([
    ['a string', 'redis://:secret@host'],
    ['an array', [new Map()]],
    ['null', null],
    ['number', 5],
    ['new Keyv(...)', Keyv6],
    ['a Promise', Promise.resolve(new Map())],
    ['an object', {}],
    ['a Set', new Set()],
    ['an object', Object.create(null)],
    ['an object', { get() {}, set() {}, delete() {} }],
  ])('names %s', (what, option) => {
    const open = (): unknown => openStore(option as KeyvLike, {}, clock)
    expect(open).toThrow(expect.objectContaining({ name: 'OptionError', option: 'store', code: 'ERR_OPTION_INVALID' }))
    expect(open).toThrow(what)
    expect(open).not.toThrow('secret')
  })
})
