import type { BusMessage } from '@llm-cache/core'
import { expect, it } from 'vitest'
import { onEachServer, until, wait } from './support.js'

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
    const { bus, heard, own } = await pair(2000)
    const at = performance.now()
    await bus.publish({ kind: 'changed', key: 'lc1.p.k' })
    await bus.publish({ kind: 'erased', prefix: '' })
    await until(() => heard.length === 2)
    expect(performance.now() - at).toBeLessThan(1000)
    await wait(1800)
    expect(heard).toEqual([
      { kind: 'changed', key: 'lc1.p.k' },
      { kind: 'erased', prefix: '' },
    ])
    expect(own).toEqual([])
  })

  it('reach everyone within the bound when the push is lost', async () => {
    const { ns, bus, heard } = await pair(400)
    // What a push that never comes looks like: the channel's subscribers are gone until they notice.
    await server.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
    const at = performance.now()
    await bus.publish({ kind: 'changed', key: 'a' })
    await until(() => heard.length === 1)
    expect(performance.now() - at).toBeLessThan(450)
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
