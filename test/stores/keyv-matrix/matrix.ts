/** What every Keyv adapter has to pass: the contract of stores, exact key listing, namespaces, limits; on both majors of Keyv. */

import { Keyv as Keyv6 } from 'keyv'
import { Keyv as Keyv5 } from 'keyv-v5'
import { describe, expect, it } from 'vitest'
import { encodeFrame } from '../../../packages/core/src/entry/frame.js'
import { systemClock } from '../../../packages/core/src/lib/clock.js'
import type { CacheStore, KeyvLike } from '../../../packages/core/src/ports.js'
import { createKeyvStore } from '../../../packages/core/src/stores/keyv.js'
import type { KeyvLimits } from '../../../packages/core/src/stores/keyv-limits.js'
import { sampleEntry } from '../../../packages/core/src/testing/sample-entry.js'
import { storeContract } from '../../../packages/core/src/testing/store-contract.js'

export interface Backend {
  /** A new adapter on the same backend each time. */
  open(): object
  /** An adapter on the same backend, set up to hold values of more than 1 MB. @default `open` */
  openRoomy?(): object
  /** Frees what `open` gave, where that is to be done at once. */
  close?(adapter: object): unknown
  readonly limits: KeyvLimits
  /** Whether it can list its keys. @default true */
  readonly lists?: boolean
  /** Namespaces that the backend cannot tell from others. */
  readonly confuses?: readonly string[]
}

type Wrap = (adapter: object, namespace: string | undefined) => KeyvLike

export const MAJORS: readonly (readonly [name: string, wrap: Wrap])[] = [
  ['keyv 5', (store, namespace) => new Keyv5({ store, namespace: namespace ?? '' })],
  ['keyv 6', (store, namespace) => new Keyv6(namespace === undefined ? { store } : { store, namespace })],
]

/** Awkward on purpose: prefixes of each other, patterns of Redis, of SQL and of regular expressions, names of JavaScript. */
const NAMESPACES = ['t', 't::u', 't:', 'tt', 'T', 'x*', 'xyz', '*', '__proto__', 'a_b', 'axb', '%', 'a.b', 'lc1']

let made = 0
const newNamespace = (): string => `n${process.pid}-${made++}`

export function keyvMatrix(name: string, backend: Backend): void {
  describe.each(MAJORS)(`${name} in %s`, (major, wrap) => {
    storeContract({ describe, it }, `${name}, ${major}`, async ({ clock }) => {
      const namespace = backend.lists === false ? undefined : newNamespace()
      const open = backend.openRoomy ?? backend.open
      const adapters = [open(), open()] as const
      const keyv = wrap(adapters[0], namespace)
      const foreign = namespace === undefined ? undefined : plantNextTo(wrap(adapters[1], `${namespace}::other`))
      if (namespace === undefined) await keyv.clear()
      return {
        store: createKeyvStore(keyv, { ...roomy(backend.limits), clock }),
        raw: { read: (key) => keyv.get(key), write: (key, value) => keyv.set(key, value as string) },
        ...(foreign && { foreign }),
        dispose: async () => void (await Promise.all(adapters.map((adapter) => backend.close?.(adapter)))),
      }
    })
    if (backend.lists === false) describeUnlisted(backend, wrap)
    else describeListing(backend, wrap)
    describeLimits(backend, wrap)
  })
}

function plantNextTo(other: KeyvLike): { plant(): Promise<void>; isThere(): Promise<boolean> } {
  return {
    plant: async () => void (await other.set('theirs', 'x', 60_000)),
    isThere: async () => (await other.get('theirs')) === 'x',
  }
}

/** The contract stores 1 MB: what holds less is set up so that it does. */
function roomy({ maxValueBytes: _, ...limits }: KeyvLimits): KeyvLimits {
  return limits
}

async function using(backend: Backend, count: number, work: (adapters: object[]) => Promise<void>): Promise<void> {
  const adapters = Array.from({ length: count }, () => backend.open())
  try {
    await work(adapters)
  } finally {
    await Promise.all(adapters.map((adapter) => backend.close?.(adapter)))
  }
}

const clock = systemClock()

function describeListing(backend: Backend, wrap: Wrap): void {
  it('lists its own keys, each once, and nobody else’s', () =>
    using(backend, 1, async ([adapter]) => {
      const keyv = wrap(adapter as object, newNamespace())
      const store = createKeyvStore(keyv, { clock })
      expect(await listed(store, '')).toEqual([])
      const keys = Array.from({ length: 250 }, (_, index) => `lc1.${index % 3 ? 'p' : 'q'}.${index}`)
      await Promise.all(keys.map((key) => store.set(sampleEntry(clock, { key }))))
      await keyv.set('lc1.p.foreign', 'of another application', 60_000)
      await keyv.set('session:1', 'x', 60_000)
      expect(await listed(store, '')).toEqual([...keys].sort())
      expect(await listed(store, 'lc1.p.')).toEqual(keys.filter((key) => key.startsWith('lc1.p.')).sort())
      expect(await listed(store, 'lc1.absent.')).toEqual([])
      for (const key of await listed(store, 'lc1.p.')) await store.delete(key)
      expect(await listed(store, '')).toEqual(keys.filter((key) => key.startsWith('lc1.q.')).sort())
      await store.clear()
      expect(await listed(store, '')).toEqual([])
      expect(await keyv.get('lc1.p.foreign')).toBe('of another application')
      expect(await keyv.get('session:1')).toBe('x')
    }))

  it('keeps namespaces apart', () =>
    using(backend, NAMESPACES.length, async (adapters) => {
      const names = NAMESPACES.filter((name) => !backend.confuses?.includes(name))
      const stores = names.map((name, index) => createKeyvStore(wrap(adapters[index] as object, name), { clock }))
      const keys = ['lc1.p.a', 'lc1.p.b', 'lc1.t.c']
      for (const store of stores) for (const key of keys) await store.set(sampleEntry(clock, { key }))
      for (const [index, store] of stores.entries()) {
        expect(await listed(store, ''), `keys of ${names[index]}`).toEqual(keys)
        await store.clear()
        for (const [other, { get }] of stores.entries())
          expect((await get('lc1.p.a')) !== undefined, `${names[other]} once ${names[index]} is cleared`).toBe(other > index)
      }
    }))
}

function describeUnlisted(backend: Backend, wrap: Wrap): void {
  it('has no list of keys, and clears nothing but all of it', () =>
    using(backend, 2, async ([one, other]) => {
      const neighbour = wrap(other as object, 'neighbour')
      await neighbour.set('theirs', 'x', 60_000)
      const store = createKeyvStore(wrap(one as object, 'mine'), { ...roomy(backend.limits), clock })
      expect(store.keys).toBeUndefined()
      await expect(store.clear()).rejects.toThrow(/as a whole/)
      expect(await neighbour.get('theirs')).toBe('x')
    }))
}

function describeLimits(backend: Backend, wrap: Wrap): void {
  const { maxValueBytes, maxTtl, maxNamespaceBytes } = backend.limits
  const maxEntryBytes = 256 * 1024 * 1024

  if (maxValueBytes !== undefined)
    it('holds the largest value that it declares and refuses one that is larger', () =>
      using(backend, 1, async ([adapter]) => {
        const store = createKeyvStore(wrap(adapter as object, newNamespace()), { ...backend.limits, maxEntryBytes })
        const longKey = 'k'.repeat(200)
        const frame = encodeFrame(sampleEntry(clock, { key: longKey, body: new Uint8Array(0) })).byteLength
        const body = new Uint8Array(Math.floor((maxValueBytes - TAG_LENGTH) / 4) * 3 - frame).fill(7)
        const largest = sampleEntry(clock, { key: longKey, body })
        expect(await store.set(largest)).toBe(true)
        expect((await store.get(longKey))?.body.byteLength).toBe(body.byteLength)
        expect(await store.set({ ...largest, body: new Uint8Array(body.byteLength + 3) })).toBe(false)
        expect(await store.get(longKey)).toBeUndefined()
      }))

  if (maxTtl !== undefined)
    it('keeps what lives longer than it can', () =>
      using(backend, 1, async ([adapter]) => {
        const keyv = wrap(adapter as object, newNamespace())
        const entry = sampleEntry(clock, { lifetimeMs: 2 * maxTtl })
        await expect(createKeyvStore(keyv).set(entry)).rejects.toThrow(/not there/)
        const store = createKeyvStore(keyv, backend.limits)
        expect(store.limits.maxTtlMs).toBe(maxTtl)
        expect(await store.set(entry)).toBe(true)
        expect((await store.get(entry.key))?.deleteAt).toBe(entry.deleteAt)
      }))

  if (maxNamespaceBytes !== undefined)
    it('takes the longest namespace that leaves room for its keys, and none that is longer', () =>
      using(backend, 2, async ([one, other]) => {
        const longest = 'n'.repeat(maxNamespaceBytes)
        const store = createKeyvStore(wrap(one as object, longest), backend.limits)
        const entry = sampleEntry(clock, { key: 'k'.repeat(200) })
        expect(await store.set(entry)).toBe(true)
        expect(await store.get(entry.key)).toEqual(entry)
        expect(() => createKeyvStore(wrap(other as object, `${longest}n`), backend.limits)).toThrow(/namespace/)
      }))
}

async function listed(store: CacheStore, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.keys?.(prefix) ?? []) keys.push(key)
  return keys.sort()
}

const TAG_LENGTH = 'llm-cache:'.length
