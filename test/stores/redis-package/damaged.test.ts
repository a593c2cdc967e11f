import { type EntryCodec, encodeFrame, FrameError, type StoreEvent } from '@llm-cache/core'
import { sampleEntry } from '@llm-cache/core/testing'
import { expect, it } from 'vitest'
import { onEachServer, until, wait } from './support.js'

const KEY = 'lc1.p.k'
const clock = { now: Date.now }

await onEachServer('what cannot be read', ({ server, namespace, open }) => {
  /** A store that finds every entry damaged for `reason`. `during` happens between reading and finding that out. */
  function opened(ns: string, reason: FrameError['reason'], during?: () => Promise<unknown>) {
    const store = open(ns)
    const codec: EntryCodec = {
      encode: encodeFrame,
      decode: async () => {
        await during?.()
        throw new FrameError(reason, 'As the test wants it.')
      },
    }
    store.useCodec(codec)
    return store
  }

  const last = (events: readonly StoreEvent[]): unknown => events.at(-1)

  it.each(['version', 'sealed', 'unsealed', 'coding', 'too-large'] as const)('%s stays: another process may read it', async (reason) => {
    const ns = namespace()
    const whole = open(ns)
    await whole.set(sampleEntry(clock, { key: KEY }))
    const store = opened(ns, reason)
    expect(await store.get(KEY)).toBeUndefined()
    expect(await store.getMany([KEY])).toEqual([undefined])
    expect(last(store.events)).toEqual({ type: 'entry-damaged', store: 'redis', reason })
    // Long enough for a removal to arrive: it would have been sent before this one.
    await store.set(sampleEntry(clock, { key: 'lc1.p.other' }))
    await wait(20)
    expect(await whole.get(KEY)).toBeDefined()
  })

  it.each(['checksum', 'truncated', 'foreign-key'] as const)('%s goes', async (reason) => {
    const ns = namespace()
    await open(ns).set(sampleEntry(clock, { key: KEY }))
    const store = opened(ns, reason)
    expect(await store.get(KEY)).toBeUndefined()
    await until(async () => (await server.ask('EXISTS', `${ns}:{${KEY}}`)) === 0)
  })

  it('takes nothing with it that was written since', async () => {
    const ns = namespace()
    const other = open(ns)
    await other.set(sampleEntry(clock, { key: KEY }))
    const newer = sampleEntry(clock, { key: KEY, body: new TextEncoder().encode('newer') })
    const store = opened(ns, 'checksum', () => other.set(newer))
    expect(await store.get(KEY)).toBeUndefined()
    await store.set(sampleEntry(clock, { key: 'lc1.p.other' }))
    await wait(20)
    expect(new TextDecoder().decode((await other.get(KEY))?.body)).toBe('newer')
  })
})
