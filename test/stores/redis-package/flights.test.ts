import { sampleEntry } from '@llm-cache/core/testing'
import { expect, it } from 'vitest'
import { createEntryCodec } from '../../../packages/core/src/entry/codec.js'
import { bytes, follow, lead, onEachServer, plain, readAll, SLACK_MS, until, wait } from './support.js'

const HEAD = { id: 'AAECAwQFBgcICQoLDA0ODw', status: 200, headers: [['content-type', 'text/event-stream']] } as const
const KEY = 'lc1.p.k'
const clock = { now: Date.now }

await onEachServer('flights', ({ server, namespace, open }) => {
  it('pass the answer on live, with its chunk boundaries, to all who follow and to those who come late', async () => {
    const ns = namespace()
    const [leader, other] = [open(ns), open(ns)]
    const lease = await lead(leader, KEY)
    expect(await lease.followed()).toBe(false)
    const flights = await Promise.all(Array.from({ length: 20 }, () => follow(other, KEY)))
    expect(await lease.followed()).toBe(true)
    const first = flights[0] as (typeof flights)[0]
    const head = first.next()
    lease.head(HEAD)
    expect(plain(await head)).toEqual(HEAD)
    lease.write(bytes('one'))
    expect(plain(await first.next())).toBe('one')
    const two = first.next()
    lease.write(bytes('two'))
    lease.write(bytes(''))
    lease.write(bytes('three'))
    expect(plain(await two)).toBe('two')
    const late = await follow(open(ns), KEY)
    lease.end()
    const ended = await follow(other, KEY)
    const whole = [HEAD, 'one', 'two', '', 'three', 'end']
    expect(await readAll(first)).toEqual(['', 'three', 'end'])
    for (const flight of [...flights.slice(1), late, ended]) expect(await readAll(flight)).toEqual(whole)
    expect(lease.held).toBe(true)
    await lease.close()
    const next = await lead(other, KEY)
    expect(next.token).toBeGreaterThan(lease.token)
    await next.close()
  })

  it('can be followed without ever being led', async () => {
    const ns = namespace()
    const [leader, other] = [open(ns), open(ns)]
    const { flights } = other.sharing
    expect(await flights.follow(KEY)).toBeUndefined()
    // Nobody was given the lead.
    const lease = await lead(leader, KEY)
    expect(await lease.followed()).toBe(false)
    const flight = await flights.follow(KEY)
    expect(await lease.followed()).toBe(true)
    lease.head(HEAD)
    lease.write(bytes('x'))
    lease.end()
    expect(flight && (await readAll(flight))).toEqual([HEAD, 'x', 'end'])
    await lease.close()
    expect(await flights.follow(KEY)).toBeUndefined()
    await server.ask('RPUSH', `${ns}:{b}:lock`, 'x')
    await expect(flights.follow('b')).rejects.toThrow(/WRONGTYPE/)
    await other.close()
    await expect(flights.follow(KEY)).rejects.toThrow('closed')
  })

  it('pass on without any push, only later', async () => {
    const ns = namespace()
    const [leader, other] = [open(ns, { leaseMs: 4000 }), open(ns, { leaseMs: 4000 })]
    const lease = await lead(leader, KEY)
    const flight = await follow(other, KEY)
    const all = readAll(flight)
    await wait(100)
    await server.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
    lease.head(HEAD)
    lease.write(bytes('x'))
    lease.end()
    expect(await all).toEqual([HEAD, 'x', 'end'])
    await lease.close()
  })

  it('can still be read by slow followers after the leader is done with it', async () => {
    const ns = namespace()
    const [leader, other] = [open(ns, { leaseMs: 200 }), open(ns, { leaseMs: 200 })]
    const lease = await lead(leader, KEY)
    const flight = await follow(other, KEY)
    lease.head(HEAD)
    lease.write(bytes('x'))
    lease.end()
    await lease.close()
    await wait(600)
    expect(await readAll(flight)).toEqual([HEAD, 'x', 'end'])
  })

  it('are read once where a record was sent twice, and not at all where one is missing', async () => {
    const ns = namespace()
    const [leader, other] = [open(ns), open(ns)]
    const lease = await lead(leader, KEY)
    const [flight, second] = [await follow(other, KEY), await follow(other, KEY)]
    lease.head(HEAD)
    const name = ((await server.ask('KEYS', `${ns}:*:flight:*`)) as string[])[0] as string
    const records = async () => (await server.ask('XRANGE', name, '-', '+')) as [id: string, fields: string[]][]
    await until(async () => (await records()).length === 2)
    const [, fields] = (await records())[1] as [string, string[]]
    await server.ask('XADD', name, '*', ...fields)
    lease.write(bytes('x'))
    await until(async () => (await records()).length === 4)
    expect([plain(await flight.next()), plain(await flight.next())]).toEqual([HEAD, 'x'])
    await server.ask('XADD', name, '*', 'n', '3', 'd', fields[3] as string)
    expect(await readAll(flight)).toEqual(['lost'])
    expect(await readAll(second)).toEqual([HEAD, 'x', 'lost'])
    await lease.close()
  })

  it('pass on a body of megabytes, and many small chunks', async () => {
    const ns = namespace()
    const lease = await lead(open(ns), KEY)
    const flight = await follow(open(ns), KEY)
    const big = Buffer.alloc(3_000_000, 'abc')
    lease.head(HEAD)
    lease.write(big)
    for (let at = 0; at < 10_000; at++) lease.write(bytes(`${at}`))
    lease.end()
    const steps = await readAll(flight)
    expect(steps.length).toBe(10_003)
    expect(steps[1]).toBe(big.toString())
    expect(steps.slice(2, -1)).toEqual(Array.from({ length: 10_000 }, (_, at) => `${at}`))
    await lease.close()
  })

  it('keep nothing readable in Redis that entries would hide', async () => {
    const ns = namespace()
    const [leader, other, stranger] = [open(ns), open(ns), open(ns)]
    const keys = { encryption: { keys: ['ab'.repeat(32)] } }
    leader.useCodec(createEntryCodec(keys))
    other.useCodec(createEntryCodec(keys))
    const lease = await lead(leader, KEY)
    const [flight, blind] = [await follow(other, KEY), await follow(stranger, KEY)]
    lease.head(HEAD)
    lease.write(bytes('a secret'))
    lease.end()
    expect(await readAll(flight)).toEqual([HEAD, 'a secret', 'end'])
    expect(await readAll(blind)).toEqual(['lost'])
    const [stream] = (await server.ask('KEYS', `${ns}:*:flight:*`)) as string[]
    const raw = JSON.stringify(await server.ask('XRANGE', stream as string, '-', '+'))
    expect(raw).not.toContain('secret')
    expect(raw).not.toContain('event-stream')
    await lease.close()
  })

  it.each(['abort', 'release'] as const)('tell followers of %s, and give the lead back at once', async (how) => {
    const ns = namespace()
    const [leader, other] = [open(ns), open(ns)]
    const lease = await lead(leader, KEY)
    const flight = await follow(other, KEY)
    lease.head(HEAD)
    lease.write(bytes('x'))
    await until(async () => ((await server.ask('KEYS', `${ns}:*:flight:*`)) as string[]).length > 0)
    expect(plain(await flight.next())).toEqual(HEAD)
    const rest = readAll(flight)
    lease[how]()
    expect((await rest).at(-1)).toBe(how === 'abort' ? 'abort' : 'alone')
    expect(lease.held).toBe(false)
    expect(await leader.set(sampleEntry(clock, { key: KEY }), lease)).toBe(false)
    const next = await lead(other, KEY)
    expect(next.token).toBeGreaterThan(lease.token)
    await Promise.all([lease.close(), next.close(), lease.close()])
  })

  it('are lost within the lease when the leader dies, its late write is refused, and the next token is greater', async () => {
    const ns = namespace()
    const leaseMs = 600
    // A leader whose clock stands still renews nothing: it is dead as far as Redis can tell.
    let dead = false
    const stopped = {
      now: Date.now,
      monotonic: () => performance.now(),
      schedule: (ms: number, callback: () => void) => {
        const timer = setTimeout(() => dead || callback(), ms)
        return () => clearTimeout(timer)
      },
    }
    const [leader, other] = [open(ns, { leaseMs, clock: stopped }), open(ns, { leaseMs })]
    const lease = await lead(leader, KEY)
    const flight = await follow(other, KEY)
    lease.head(HEAD)
    lease.write(bytes('half'))
    expect([plain(await flight.next()), plain(await flight.next())]).toEqual([HEAD, 'half'])
    await wait(leaseMs * 2)
    expect(lease.held).toBe(true)
    expect((await other.sharing.flights.join(KEY)).kind).toBe('follow')
    dead = true
    const diedAt = performance.now()
    expect(plain(await flight.next())).toBe('lost')
    expect(performance.now() - diedAt).toBeLessThan(leaseMs + SLACK_MS)
    expect(lease.held).toBe(false)
    const next = await lead(other, KEY)
    expect(next.token).toBeGreaterThan(lease.token)
    expect(await leader.set(sampleEntry(clock, { key: KEY, id: 'late' }), lease)).toBe(false)
    expect(await other.set(sampleEntry(clock, { key: KEY, id: 'good' }), next)).toBe(true)
    expect(await leader.set(sampleEntry(clock, { key: KEY, id: 'late' }), lease)).toBe(false)
    expect((await leader.get(KEY))?.id).toBe('good')
    await next.close()
  })

  it('know that the lease is over right after a freeze, before any timer ran', async () => {
    const ns = namespace()
    const lease = await lead(open(ns, { leaseMs: 200 }), KEY)
    expect(lease.held).toBe(true)
    const end = performance.now() + 220
    while (performance.now() < end);
    expect(lease.held).toBe(false)
  })

  it('cannot bring back what was deleted meanwhile, while their followers go on', async () => {
    const ns = namespace()
    const [leader, other] = [open(ns, { leaseMs: 300 }), open(ns, { leaseMs: 300 })]
    const lease = await lead(leader, KEY)
    const flight = await follow(other, KEY)
    lease.head(HEAD)
    const listed: string[] = []
    for await (const key of other.keys('lc1.p')) listed.push(key)
    expect(listed).toEqual([KEY])
    expect(await other.delete(KEY)).toBe(false)
    await wait(500)
    lease.write(bytes('still here'))
    lease.end()
    expect(await readAll(flight)).toEqual([HEAD, 'still here', 'end'])
    expect(lease.held).toBe(false)
    expect(await leader.set(sampleEntry(clock, { key: KEY }), lease)).toBe(false)
    expect(await leader.get(KEY)).toBeUndefined()
    for await (const key of other.keys('')) throw new Error(`still listed: ${key}`)
    await lease.close()
  })

  it('refuse a fenced write after the server lost its memory', async () => {
    const ns = namespace()
    const [leader, other] = [open(ns), open(ns)]
    const lease = await lead(leader, KEY)
    await server.ask('FLUSHALL')
    expect(await leader.set(sampleEntry(clock, { key: KEY }), lease)).toBe(false)
    const next = await lead(other, KEY)
    expect(next.token).toBeGreaterThan(lease.token)
    await Promise.all([lease.close(), next.close()])
  })

  it('say alone when an answer is larger than an entry may be, and store what fits', async () => {
    const ns = namespace()
    const [leader, other] = [open(ns, { maxEntryBytes: 1000 }), open(ns)]
    const lease = await lead(leader, KEY)
    const flight = await follow(other, KEY)
    lease.head(HEAD)
    for (let at = 0; at < 20; at++) lease.write(new Uint8Array(10_000))
    expect((await readAll(flight)).at(-1)).toBe('alone')
    expect((await other.sharing.flights.join(KEY)).kind).toBe('lead')
    await lease.close()
  })

  it('answer lost when cancelled, and when Redis does not answer', async () => {
    const ns = namespace()
    const [leader, other] = [open(ns, { leaseMs: 400 }), open(ns, { leaseMs: 400 })]
    const lease = await lead(leader, KEY)
    const [one, two] = [await follow(other, KEY), await follow(other, KEY)]
    const pending = one.next()
    await wait(50)
    one.cancel()
    one.cancel()
    expect(plain(await pending)).toBe('lost')
    server.pause()
    try {
      const at = performance.now()
      expect(plain(await two.next())).toBe('lost')
      expect(performance.now() - at).toBeLessThan(400 + SLACK_MS)
      expect(lease.held).toBe(false)
      await Promise.all([leader.close(), other.close()])
    } finally {
      server.resume()
    }
  })

  it('leave nothing in Redis for ever', async () => {
    const ns = namespace()
    const [leader, other] = [open(ns), open(ns)]
    const lease = await lead(leader, KEY)
    await follow(other, KEY)
    lease.head(HEAD)
    lease.write(bytes('x'))
    lease.end()
    await leader.set(sampleEntry(clock, { key: KEY }), lease)
    await lease.close()
    await leader.sharing.bus.publish({ kind: 'changed', key: KEY })
    const names = (await server.ask('KEYS', `${ns}:*`)) as string[]
    expect(names.length).toBe(5)
    for (const name of names) expect(await server.ask('PTTL', name), name).toBeGreaterThan(0)
  })

  it('have one leader of many who ask at once', async () => {
    const ns = namespace()
    const stores = Array.from({ length: 4 }, () => open(ns))
    const joinings = await Promise.all(
      Array.from({ length: 200 }, (_, at) => (stores[at % 4] as (typeof stores)[0]).sharing.flights.join(KEY)),
    )
    const leads = joinings.flatMap((joining) => (joining.kind === 'lead' ? [joining.lease] : []))
    expect(leads.length).toBe(1)
    leads[0]?.head(HEAD)
    leads[0]?.end()
    const all = await Promise.all(joinings.flatMap((joining) => (joining.kind === 'follow' ? [readAll(joining.flight)] : [])))
    for (const steps of all) expect(steps).toEqual([HEAD, 'end'])
    await leads[0]?.close()
  })
})
