import type { BusMessage } from '@llm-cache/core'
import { sampleEntry } from '@llm-cache/core/testing'
import { createRedisStore } from '@llm-cache/redis'
import { expect, it } from 'vitest'
import { freePort } from '../../support/redis.js'
import { onEachServer, SLACK_MS, until, wait } from './support.js'

type Heard = BusMessage | { readonly kind: 'lost' }

await onEachServer('the bus and the counters', ({ server, namespace, open }) => {
  async function pair(boundMs = 200) {
    const ns = namespace()
    const [sender, receiver] = [open(ns, { boundMs }), open(ns, { boundMs })]
    const heard: Heard[] = []
    const own: Heard[] = []
    sender.sharing.bus.subscribe((message) => own.push(message))
    receiver.sharing.bus.subscribe((message) => heard.push(message))
    await until(async () => (await server.ask('XLEN', `${ns}:log`)) === 2)
    await until(async () => ((await server.ask('PUBSUB', 'NUMSUB', `${ns}:bus`)) as unknown[])[1] === 2)
    return { ns, sender, receiver, heard, own, bus: sender.sharing.bus }
  }

  it('push at once, each message once, and not to their sender', async () => {
    // By the journal it would come after a minute, or again after 400 ms.
    for (const boundMs of [60_000, 400]) {
      const { bus, heard, own } = await pair(boundMs)
      await bus.publish({ kind: 'changed', key: 'lc1.p.k' })
      await bus.publish({ kind: 'erased', prefix: '' })
      await until(() => heard.length === 2)
      await wait(800)
      expect(heard).toEqual([
        { kind: 'changed', key: 'lc1.p.k' },
        { kind: 'erased', prefix: '' },
      ])
      expect(own).toEqual([])
    }
  })

  it('reach everyone within the bound when the push is lost', async () => {
    const { ns, bus, heard } = await pair(400)
    // What a push that never comes looks like: the channel's subscribers are gone until they notice.
    await server.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
    const at = performance.now()
    await bus.publish({ kind: 'changed', key: 'a' })
    await until(() => heard.length === 1)
    expect(performance.now() - at).toBeLessThan(400 + SLACK_MS)
    // And push again once they did.
    await until(async () => ((await server.ask('PUBSUB', 'NUMSUB', `${ns}:bus`)) as unknown[])[1] === 2)
    await bus.publish({ kind: 'changed', key: 'b' })
    await until(() => heard.length === 2)
    await wait(500)
    expect(heard).toEqual([
      { kind: 'changed', key: 'a' },
      { kind: 'changed', key: 'b' },
    ])
  })

  it.each([
    ['trimmed', (ns: string) => ['XTRIM', `${ns}:log`, 'MAXLEN', '0']],
    ['flushed', () => ['FLUSHALL']],
  ] as const)('say lost when the journal was %s, once, and go on', async (_, command) => {
    const { ns, bus, heard } = await pair(100)
    await server.ask(...command(ns))
    await until(() => heard.length > 0)
    await wait(300)
    expect(heard).toEqual([{ kind: 'lost' }])
    await server.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await bus.publish({ kind: 'changed', key: 'after' })
    await until(() => heard.length > 1)
    expect(heard).toEqual([{ kind: 'lost' }, { kind: 'changed', key: 'after' }])
  })

  it('miss nothing of what is said while they are still connecting, and go on after the server was frozen', async () => {
    const { ns, bus, heard } = await pair(100)
    server.pause()
    const next: Heard[] = []
    const late = open(ns, { boundMs: 100 })
    late.sharing.bus.subscribe((message) => next.push(message))
    await wait(300)
    const said = bus.publish({ kind: 'erased', prefix: 'x' })
    server.resume()
    await said
    await until(() => next.length > 0 && heard.length > 0)
    await wait(300)
    expect(next).toEqual([{ kind: 'erased', prefix: 'x' }])
    expect(heard).toEqual(next)
  })

  it('reject what Redis does not take', async () => {
    const { bus } = await pair()
    await server.ask('REPLICAOF', '127.0.0.1', '1')
    await expect(bus.publish({ kind: 'changed', key: 'a' })).rejects.toThrow(/READONLY/)
    await server.ask('REPLICAOF', 'NO', 'ONE')
  })

  it('ignore what others write into the journal and the channel', async () => {
    const { ns, bus, heard } = await pair(50)
    await server.ask('XADD', `${ns}:log`, '*', 'p', 'x', 'm', 'not JSON')
    await server.ask('XADD', `${ns}:log`, '*', 'odd', '{}')
    for (const text of ['', ' ', 'a b', 'a b {}', '1-1 x {"c":1}', '1-1 x [']) await server.ask('PUBLISH', `${ns}:bus`, text)
    await bus.publish({ kind: 'changed', key: 'a' })
    await until(() => heard.length > 0)
    await wait(100)
    expect(heard).toEqual([{ kind: 'changed', key: 'a' }])
  })

  it('hand out what was said once they have caught up, and reject where they cannot', async () => {
    // Nothing by push or poll: all that is heard is heard by asking.
    const { ns, bus, receiver, heard, own } = await pair(600_000)
    const other = open(ns, { boundMs: 600_000 })
    await other.sharing.bus.caughtUp()
    await server.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
    const said = Array.from({ length: 1500 }, (_, at) => ({ kind: 'changed', key: `k${at}` }) as const)
    await Promise.all(said.map((message) => bus.publish(message)))
    await Promise.all([receiver.sharing.bus.caughtUp(), receiver.sharing.bus.caughtUp()])
    // Push has come back in between, so that not all are in order; each is heard once.
    expect(heard.map((message) => JSON.stringify(message)).sort()).toEqual(said.map((message) => JSON.stringify(message)).sort())
    await bus.caughtUp()
    expect(own).toEqual([])
    // One that was asked while another one was already reading has heard this too.
    const first = receiver.sharing.bus.caughtUp()
    await bus.publish({ kind: 'erased', prefix: '' })
    await receiver.sharing.bus.caughtUp()
    expect(heard.at(-1)).toEqual({ kind: 'erased', prefix: '' })
    await first
    expect(heard).toHaveLength(said.length + 1)
    await server.ask('FLUSHALL')
    await receiver.sharing.bus.caughtUp()
    expect(heard.at(-1)).toEqual({ kind: 'lost' })
    await receiver.close()
    await expect(receiver.sharing.bus.caughtUp()).rejects.toThrow('closed')
  })

  it('are caught up at the start too, before anybody listens', async () => {
    const ns = namespace()
    const [sender, receiver] = [open(ns), open(ns, { boundMs: 600_000 })]
    const heard: Heard[] = []
    receiver.sharing.bus.subscribe((message) => heard.push(message))
    await sender.sharing.bus.publish({ kind: 'changed', key: 'a' })
    await receiver.sharing.bus.caughtUp()
    // By push, by the journal, or, while they still connect, by both.
    expect(new Set(heard.map((message) => JSON.stringify(message)))).toEqual(new Set(['{"kind":"changed","key":"a"}']))
    const nobody = createRedisStore(`redis://127.0.0.1:${await freePort()}`)
    await expect(nobody.sharing.bus.caughtUp()).rejects.toThrow('not connected')
    nobody.sharing.bus.subscribe(() => {})
    await expect(nobody.sharing.bus.caughtUp()).rejects.toThrow('not connected')
    await nobody.close()
  })

  it('are for one cache each: a second one is told so', async () => {
    const store = open(namespace())
    store.sharing.bus.subscribe(() => {})
    expect(() => store.sharing.bus.subscribe(() => {})).toThrow(/in use by another cache/)
    await store.close()
    expect(() => store.sharing.bus.subscribe(() => {})).toThrow(/closed/)
  })

  it('tell all, the sender too, what was deleted by its pattern', async () => {
    const { sender, receiver, heard, own } = await pair(2000)
    const keys = Array.from({ length: 300 }, (_, at) => `lc1.p.${at}`)
    await sender.setMany(keys.map((key) => sampleEntry({ now: Date.now }, { key })))
    await sender.set(sampleEntry({ now: Date.now }, { key: 'lc1.q.0' }))
    expect(await sender.deleteMatching('lc1.p.*')).toBe(300)
    await receiver.sharing.bus.caughtUp()
    const changed = (messages: readonly Heard[]): string[] =>
      messages.map((message) => (message.kind === 'changed' ? message.key : message.kind))
    expect(changed(heard).sort()).toEqual([...keys].sort())
    expect(changed(own).sort()).toEqual([...keys].sort())
  })

  it('keep what many invalidations say', async () => {
    const { ns, bus, receiver, heard } = await pair(600_000)
    await server.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
    const keys = Array.from({ length: 20_000 }, (_, at) => `lc1.${'p'.repeat(22)}.${`${at}`.padStart(43, '0')}`)
    for (let at = 0; at < keys.length; at += 1000) {
      await Promise.all(keys.slice(at, at + 1000).map((key) => bus.publish({ kind: 'erased', prefix: key })))
    }
    await receiver.sharing.bus.caughtUp()
    const prefixes = new Set(heard.map((message) => (message.kind === 'erased' ? message.prefix : message.kind)))
    expect([...prefixes].sort().join('\n') === keys.join('\n')).toBe(true)
    expect(Number(await server.ask('MEMORY', 'USAGE', `${ns}:log`, 'SAMPLES', '0')) / keys.length).toBeLessThan(200)
  })

  it('count for all', async () => {
    const ns = namespace()
    const [a, b] = [open(ns).sharing.counters, open(ns).sharing.counters]
    expect(await a.read()).toEqual({})
    await Promise.all([
      a.add({ hits: 2, saved: 0.25, none: 0, bad: Number.NaN }),
      b.add({ hits: 1, saved: 0.5, constructor: 3, tiny: 1e-7 }),
    ])
    expect(await b.read()).toEqual({ hits: 3, saved: 0.75, constructor: 3, tiny: 1e-7 })
    await a.add({ hits: 2 ** 45 })
    expect((await a.read()).hits).toBe(2 ** 45 + 3)
    await a.add({})
  })
})
