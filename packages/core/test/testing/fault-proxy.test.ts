import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFaultProxy, type FaultProxy, type FaultProxyOptions } from '../../src/testing/fault-proxy.js'
import { createManualClock } from '../../src/testing/manual-clock.js'

let echo: Server
const clients: Socket[] = []
let proxies: FaultProxy[] = []

beforeEach(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  await once(echo.listen(0, '127.0.0.1'), 'listening')
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await Promise.all(proxies.map((proxy) => proxy.close()))
  proxies = []
  await new Promise((resolve) => echo.close(resolve))
})

async function open(options: Partial<FaultProxyOptions> = {}): Promise<FaultProxy> {
  const { port } = echo.address() as AddressInfo
  const proxy = await createFaultProxy({ target: { host: '127.0.0.1', port }, ...options })
  proxies.push(proxy)
  return proxy
}

/** A connection and all that it saw: what came, how it ended. */
class Client {
  received: Buffer = Buffer.alloc(0)
  ended = false
  error: string | undefined
  readonly closed: Promise<unknown>
  readonly socket: Socket
  constructor(port: number, allowHalfOpen = false) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen })
    clients.push(this.socket)
    this.socket.on('data', (bytes) => {
      this.received = Buffer.concat([this.received, bytes])
    })
    this.socket.on('end', () => {
      this.ended = true
    })
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code
    })
    this.closed = new Promise((resolve) => this.socket.once('close', resolve))
  }
  get text(): string {
    return this.received.toString('latin1')
  }
  say(text: string): void {
    this.socket.write(text)
  }
  async hears(text: string): Promise<void> {
    await vi.waitFor(() => expect(this.text).toBe(text))
  }
}

async function connected(proxy: FaultProxy): Promise<Client> {
  const client = new Client(proxy.port)
  client.say('hello')
  await client.hears('hello')
  return client
}

describe('the fault proxy', () => {
  it('passes: every byte of a large exchange, both ways, and the end of it', async () => {
    const proxy = await open()
    const client = new Client(proxy.port, true)
    const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 7) % 251))
    client.socket.end(sent)
    await client.closed
    expect(client.received.equals(sent)).toBe(true)
    expect(client).toMatchObject({ ended: true, error: undefined })
    expect(proxy.connections).toBe(1)
    expect(proxy.bytes).toEqual({ fromClients: sent.length, fromTarget: sent.length })
    await vi.waitFor(() => expect(proxy.open).toBe(0))
  })

  it('refuses: open connections are reset, new ones find nobody, and it comes back on the same port', async () => {
    const proxy = await open()
    const client = await connected(proxy)
    await proxy.set({ kind: 'refuse' })
    await client.closed
    expect(client.error).toBe('ECONNRESET')
    const late = new Client(proxy.port)
    await late.closed
    expect(late.error).toBe('ECONNREFUSED')
    await proxy.set({ kind: 'pass' })
    await connected(proxy)
  })

  it('resets clients whose target is not there', async () => {
    const proxy = await open({ target: { host: '127.0.0.1', port: 1 } })
    const client = new Client(proxy.port)
    client.say('hello')
    await client.closed
    expect(client.error).toBe('ECONNRESET')
  })

  it('swallows: nothing comes back, and what lost bytes is reset afterwards', async () => {
    const proxy = await open()
    const [talking, silent] = [await connected(proxy), await connected(proxy)]
    await proxy.set({ kind: 'blackhole' })
    talking.say('lost')
    const late = new Client(proxy.port)
    late.say('lost too')
    await vi.waitFor(() => expect(proxy.bytes.fromClients).toBe('hellohellolostlost too'.length))
    await delay(20)
    expect([talking.text, late.text]).toEqual(['hello', ''])
    await proxy.set({ kind: 'pass' })
    await Promise.all([talking.closed, late.closed])
    expect([talking.error, late.error]).toEqual(['ECONNRESET', 'ECONNRESET'])
    silent.say('!')
    await silent.hears('hello!')
  })

  it('delays by the clock, in order, and lets go of what waits when the mode ends', async () => {
    const clock = createManualClock()
    const proxy = await open({ clock })
    const client = await connected(proxy)
    await proxy.set({ kind: 'latency', ms: 500 })
    client.say('a')
    await vi.waitFor(() => expect(proxy.bytes.fromTarget).toBe(6))
    clock.advance(499)
    await delay(20)
    expect(client.text).toBe('hello')
    clock.advance(1)
    await client.hears('helloa')
    client.say('b')
    await vi.waitFor(() => expect(proxy.bytes.fromTarget).toBe(7))
    await proxy.set({ kind: 'pass' })
    client.say('c')
    await client.hears('helloabc')
    expect(clock.pending()).toBe(0)
  })

  it('resets in mid-stream: half of the next answer, then RST', async () => {
    const proxy = await open()
    const client = await connected(proxy)
    await proxy.set({ kind: 'reset' })
    await delay(20)
    expect(client.error).toBeUndefined()
    client.say('0123456789')
    await client.closed
    expect(client).toMatchObject({ error: 'ECONNRESET', text: 'hello01234' })
  })

  it('talks garbage, the same for the same seed, and no two connections alike', async () => {
    const question = 'x'.repeat(4000)
    async function garbage(seed: number, how: 'random' | 'flip'): Promise<Buffer[]> {
      const proxy = await open({ seed })
      await proxy.set({ kind: 'garbage', how })
      const answers: Buffer[] = []
      for (let count = 0; count < 2; count++) {
        const client = new Client(proxy.port)
        client.say(question)
        await vi.waitFor(() => expect(client.received.length).toBe(question.length))
        answers.push(client.received)
      }
      return answers
    }
    for (const how of ['random', 'flip'] as const) {
      const [first, second] = await garbage(7, how)
      expect(await garbage(7, how)).toEqual([first, second])
      expect(second).not.toEqual(first)
      expect(await garbage(8, how)).not.toEqual([first, second])
    }
    const [flipped] = await garbage(3, 'flip')
    const changed = [...(flipped ?? [])].map((byte) => byte ^ 'x'.charCodeAt(0)).filter((bits) => bits !== 0)
    expect(changed.length).toBeGreaterThan(10)
    expect(changed.length).toBeLessThan(100)
    for (const bits of changed) expect(Math.log2(bits) % 1).toBe(0)
  })

  it('closes one half: the client sees the end, the target still hears it', async () => {
    const proxy = await open()
    const client = new Client(proxy.port, true)
    client.say('hello')
    await client.hears('hello')
    await proxy.set({ kind: 'half-close' })
    await vi.waitFor(() => expect(client.ended).toBe(true))
    client.say('still there?')
    await vi.waitFor(() => expect(proxy.bytes).toEqual({ fromClients: 17, fromTarget: 17 }))
    expect(client).toMatchObject({ text: 'hello', error: undefined })
    const late = new Client(proxy.port)
    await late.closed
    expect(late).toMatchObject({ ended: true, text: '' })
    await proxy.set({ kind: 'pass' })
    await vi.waitFor(() => {
      // After an end nobody reads any more: only a write meets the reset.
      client.say('?')
      expect(client.error).toMatch(/ECONNRESET|EPIPE/)
    })
  })

  it('drips at the rate asked for', async () => {
    const clock = createManualClock()
    const proxy = await open({ clock })
    await proxy.set({ kind: 'drip', bytesPerSecond: 100 })
    const client = new Client(proxy.port)
    client.say('x'.repeat(200))
    await vi.waitFor(() => expect(proxy.bytes.fromTarget).toBe(200))
    for (const expected of [50, 100, 150, 200]) {
      clock.advance(500)
      await vi.waitFor(() => expect(client.received.length).toBe(expected))
      await delay(5)
      expect(client.received.length).toBe(expected)
    }
  })

  it('flaps: good and bad in turns', async () => {
    const clock = createManualClock()
    const proxy = await open({ clock })
    await proxy.set({ kind: 'flap', periodMs: 100 })
    for (let turn = 0; turn < 3; turn++) {
      const client = await connected(proxy)
      clock.advance(100)
      await client.closed
      const late = new Client(proxy.port)
      await late.closed
      expect([client.error, late.error]).toEqual(['ECONNRESET', 'ECONNRESET'])
      clock.advance(100)
    }
    await proxy.set({ kind: 'pass' })
    expect(clock.pending()).toBe(0)
    await connected(proxy)
  })

  it('pauses: nothing is read, nothing is lost', async () => {
    const proxy = await open()
    const client = await connected(proxy)
    await proxy.set({ kind: 'pause' })
    client.say(' again')
    const late = await new Promise<Client>((resolve) => {
      const opened = new Client(proxy.port)
      opened.socket.once('connect', () => resolve(opened))
    })
    late.say('late')
    await delay(30)
    expect([client.text, late.text, proxy.bytes.fromClients]).toEqual(['hello', '', 5])
    await proxy.set({ kind: 'pass' })
    await Promise.all([client.hears('hello again'), late.hears('late')])
  })

  it('holds back no more than it must for a reader that does not read', async () => {
    const proxy = await open({ clock: createManualClock() })
    await proxy.set({ kind: 'latency', ms: 1000 })
    const client = new Client(proxy.port)
    client.socket.write(Buffer.alloc(32 * 1024 * 1024))
    await vi.waitFor(() => expect(proxy.bytes.fromTarget).toBeGreaterThan(1024 * 1024))
    await delay(50)
    expect(proxy.bytes.fromTarget).toBeLessThan(2 * 1024 * 1024)
  })

  it.each([
    { kind: 'latency', ms: -1 },
    { kind: 'latency', ms: Number.NaN },
    { kind: 'drip', bytesPerSecond: 0 },
    { kind: 'flap', periodMs: Number.POSITIVE_INFINITY },
    { kind: 'garbage', how: 'flip', share: 2 },
  ] as const)('does not take %o', async (mode) => {
    const proxy = await open()
    await expect(proxy.set(mode)).rejects.toThrow(RangeError)
    expect(proxy.mode).toEqual({ kind: 'pass' })
  })

  it.each(['pass', 'blackhole', 'pause', 'refuse', 'half-close'] as const)(
    'closes in mode %s, whatever is open, and twice',
    async (kind) => {
      const proxy = await open()
      const client = await connected(proxy)
      await proxy.set({ kind })
      await Promise.all([proxy.close(), proxy.close()])
      await client.closed
      expect(proxy.open).toBe(0)
      const late = new Client(proxy.port)
      await late.closed
      expect(late.error).toBe('ECONNREFUSED')
    },
  )
})
