/** The contract of `CacheStore`, as tests: every store passes all of it, on its real backend. */

import assert from 'node:assert/strict'
import type { Entry } from '../entry/entry.js'
import type { Awaitable, CacheStore, StoreEvent } from '../ports.js'
import { createManualClock, type ManualClock } from './manual-clock.js'
import { sampleEntry } from './sample-entry.js'

/** What is needed of a test runner: `vitest`, `node:test` and `jest` have it. */
export interface ContractRunner {
  describe(name: string, body: () => void): void
  it(name: string, body: () => Promise<void>): void
}

/** The store under test, empty, and what lies behind it. */
export interface StoreSubject {
  readonly store: CacheStore
  /** The raw value under a key of the store, to damage it. Left out where there is none (memory). */
  readonly raw?: RawValues
  /** Something of another application in the same backend that `clear` must leave alone. */
  readonly foreign?: { plant(): Awaitable<void>; isThere(): Awaitable<boolean> }
  /** Frees what `create` opened. Called once, after the test and after `store.close`. */
  dispose?(): Awaitable<void>
}

export interface RawValues {
  read(key: string): Awaitable<unknown>
  write(key: string, value: unknown): Awaitable<unknown>
}

export interface StoreContext {
  /** The store is to take the time from here. */
  readonly clock: ManualClock
}

/**
 * Declares the tests. `create` is called for each of them.
 *
 * @example
 * storeContract({ describe, it }, 'memory', async ({ clock }) => ({ store: createMemoryStore({ clock }) }))
 */
export function storeContract(runner: ContractRunner, name: string, create: (context: StoreContext) => Promise<StoreSubject>): void {
  runner.describe(`store contract: ${name}`, () => {
    for (const [rule, check] of Object.entries(RULES)) {
      runner.it(rule, async () => {
        const clock = createManualClock(Date.now())
        const subject = await create({ clock })
        const events: StoreEvent[] = []
        subject.store.listen?.((event) => events.push(event))
        try {
          await check({ ...subject, clock, events })
        } finally {
          await subject.store.close()
          await subject.dispose?.()
        }
      })
    }
  })
}

interface Check extends StoreSubject {
  readonly clock: ManualClock
  readonly events: readonly StoreEvent[]
}

const RULES: Readonly<Record<string, (check: Check) => Promise<void>>> = {
  'declares a name and limits': async ({ store }) => {
    assert.match(store.name, /^[a-z][a-z0-9-]*$/)
    assert.ok(store.limits.maxEntryBytes > 0)
  },

  'knows nothing that was not stored': async ({ store }) => {
    assert.equal(await store.get('lc1.p.absent'), undefined)
    assert.equal(await store.delete('lc1.p.absent'), false)
  },

  'gives back exactly what was stored': async ({ store, clock }) => {
    for (const body of BODIES) {
      const entry = sampleEntry(clock, { body })
      assert.equal(await store.set(entry), true)
      assertSame(await store.get(entry.key), entry)
    }
  },

  'keeps headers, tags, chunk marks and usage of any kind': async ({ store, clock }) => {
    const entry = sampleEntry(clock, {
      status: 203,
      headers: [
        ['X-Text', 'grüß \u{1f600} 日本語 \u0000\r\n "\\'],
        ['__proto__', 'x'],
        ['x-text', 'twice'],
      ],
      chunks: [
        [1, 0],
        [1, 0],
        [5, 12.5],
      ],
      meta: {
        provider: '__proto__',
        model: 'constructor',
        route: '/ü/:id',
        usage: { inputTokens: 1, outputTokens: 0, cachedInputTokens: 1 },
        originMs: 0.25,
        tags: ['__proto__', '', '*', 'a,b', '\ud800'],
      },
    })
    await store.set(entry)
    assertSame(await store.get(entry.key), entry)
  },

  'keeps a body of 1 MB': async ({ store, clock }) => {
    const body = new Uint8Array(1_000_000).map((_, index) => (index * 7919) >> 3)
    const entry = sampleEntry(clock, { body })
    assert.equal(await store.set(entry), true)
    assertSame(await store.get(entry.key), entry)
  },

  'replaces what is there': async ({ store, clock }) => {
    const first = sampleEntry(clock, { body: bytes('first, and longer') })
    const second = sampleEntry(clock, { body: bytes('second') })
    await store.set(first)
    await store.set(second)
    assertSame(await store.get(first.key), second)
  },

  'deletes one entry and says whether it was there': async ({ store, clock }) => {
    const [gone, kept] = [sampleEntry(clock, { key: 'lc1.p.gone' }), sampleEntry(clock, { key: 'lc1.p.kept' })]
    await store.set(gone)
    await store.set(kept)
    assert.equal(await store.delete(gone.key), true)
    assert.equal(await store.delete(gone.key), false)
    assert.equal(await store.get(gone.key), undefined)
    assertSame(await store.get(kept.key), kept)
  },

  'answers nothing from deleteAt on': async ({ store, clock }) => {
    const entry = sampleEntry(clock, { lifetimeMs: 60_000 })
    await store.set(entry)
    clock.advance(59_999)
    assertSame(await store.get(entry.key), entry)
    clock.advance(1)
    assert.equal(await store.get(entry.key), undefined)
  },

  'keeps nothing for ever by accident': async ({ store, clock }) => {
    const now = clock.now()
    for (const deleteAt of [now, now - 1, 0, Number.NaN]) {
      const before = sampleEntry(clock, {})
      await store.set(before)
      await settle(() => store.set({ ...before, storedAt: 0, staleAt: 0, deleteAt }))
      assert.equal(await store.get(before.key), undefined, `deleteAt ${deleteAt - now}`)
    }
  },

  'refuses what is too large, and forgets what it would have replaced': async ({ store, clock }) => {
    const { maxEntryBytes } = store.limits
    if (maxEntryBytes > 64 * 1024 * 1024) return
    const before = sampleEntry(clock, {})
    await store.set(before)
    assert.equal(await store.set({ ...before, body: new Uint8Array(maxEntryBytes + 1) }), false)
    assert.equal(await store.get(before.key), undefined)
  },

  'clears everything of its own and nothing else': async ({ store, clock, foreign }) => {
    await foreign?.plant()
    const entries = Array.from({ length: 25 }, (_, index) => sampleEntry(clock, { key: `lc1.p.${index}` }))
    for (const entry of entries) await store.set(entry)
    await store.clear()
    for (const entry of entries) assert.equal(await store.get(entry.key), undefined)
    if (foreign) assert.equal(await foreign.isThere(), true, 'what is not the store’s is still there')
    await store.set(sampleEntry(clock, {}))
    assertSame(await store.get(sampleEntry(clock, {}).key), sampleEntry(clock, {}))
  },

  'shows by peek what get gives, as long as that is': async ({ store, clock }) => {
    if (!store.peek) return
    const entry = sampleEntry(clock, { key: 'lc1.p.peeked' })
    assert.equal(await store.peek(entry.key), undefined)
    await store.set(entry)
    assert.deepEqual(await store.peek(entry.key), await store.get(entry.key))
    clock.advance(entry.deleteAt - clock.now())
    assert.equal(await store.peek(entry.key), undefined)
  },

  'tells many keys apart': async ({ store, clock }) => {
    const keys = Array.from({ length: 300 }, (_, index) =>
      `lc1.${index % 2 ? 'P' : 'p'}.${index}_-.${'k'.repeat(index % 190)}`.slice(0, 200),
    )
    const entries = keys.map((key) => sampleEntry(clock, { key, body: bytes(key) }))
    await Promise.all(entries.map((entry) => store.set(entry)))
    const found = await Promise.all(keys.map((key) => store.get(key)))
    for (const [index, entry] of entries.entries()) assertSame(found[index], entry)
  },

  'keeps one whole entry of many written at once': async ({ store, clock }) => {
    const rivals = Array.from({ length: 20 }, (_, index) =>
      sampleEntry(clock, { id: `rival${index}`, body: new Uint8Array(5000).fill(index) }),
    )
    await Promise.all(rivals.map((entry) => store.set(entry)))
    const winner = await store.get(sampleEntry(clock, {}).key)
    assertSame(winner, rivals.find((entry) => entry.id === winner?.id) as Entry)
  },

  'closes twice without complaint': async ({ store }) => {
    await store.close()
    await store.close()
  },

  'never answers a damaged value': async ({ store, clock, raw, events }) => {
    if (!raw) return
    const entry = sampleEntry(clock, {})
    await store.set(entry)
    const good = await raw.read(entry.key)
    assert.equal(typeof good, 'string')
    let answers = 0
    for (const value of damaged(String(good))) {
      await raw.write(entry.key, value)
      const answer = await settle(() => store.get(entry.key))
      // Some changes change nothing: padding of base64, bits that it does not use.
      if (answer) assertSame(answer, entry)
      answers += answer ? 1 : 0
    }
    assert.ok(answers <= 3, `${answers} damaged values were answered`)
    assert.ok(events.some((event) => event.type === 'entry-damaged'))
    assert.equal(await store.set(entry), true)
    assertSame(await store.get(entry.key), entry)
  },

  'never answers another key’s value': async ({ store, clock, raw, events }) => {
    if (!raw) return
    const mine = sampleEntry(clock, { key: 'lc1.p.mine' })
    const theirs = sampleEntry(clock, { key: 'lc1.q.theirs', body: bytes('secret') })
    await store.set(mine)
    await store.set(theirs)
    await raw.write(mine.key, await raw.read(theirs.key))
    assert.equal(await store.get(mine.key), undefined)
    assert.deepEqual(events, [{ type: 'entry-damaged', store: store.name, reason: 'foreign-key' }])
  },
}

function* damaged(good: string): Generator<unknown> {
  yield* ['', 'x', '{}', '[]', 'null', 0, 1, true, false, {}, [], { value: good }, { type: 'Buffer', data: [1, 2, 3] }]
  yield good.slice(0, -1)
  yield good.slice(0, good.length / 2)
  yield good.slice(1)
  yield `${good}${good}`
  for (let at = 0; at < good.length; at += 7) {
    const other = good[at] === 'A' ? 'B' : 'A'
    yield `${good.slice(0, at)}${other}${good.slice(at + 1)}`
  }
}

/** What `work` gives; undefined where it fails, which stores may. */
async function settle<T>(work: () => Awaitable<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch {
    return undefined
  }
}

function assertSame(actual: Entry | undefined, expected: Entry): void {
  assert.ok(actual, 'there is an entry')
  const { body, ...rest } = actual
  const { body: expectedBody, ...expectedRest } = expected
  assert.deepEqual(rest, expectedRest)
  assert.ok(body instanceof Uint8Array)
  assert.ok(Buffer.from(body).equals(expectedBody), 'the body is the same')
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const BODIES: readonly Uint8Array[] = [
  new Uint8Array(0),
  Uint8Array.from({ length: 256 }, (_, index) => index),
  Uint8Array.of(0xff, 0xfe, 0x00, 0xc3, 0x28, 0xed, 0xa0, 0x80),
  Buffer.from('a slice of a pooled buffer').subarray(2, 9),
  bytes(':base64:AAAA'),
  bytes('data: {"choices":[]}\n\ndata: [DONE]\n\n'),
]
