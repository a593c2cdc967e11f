import { describe, expect, it } from 'vitest'
import { MemorySocket } from '../../src/platform/node-memory-socket.js'

const PEER = {
  remoteAddress: '203.0.113.9',
  remotePort: 40_000,
  remoteFamily: 'IPv4',
  localAddress: '10.0.0.1',
  localPort: 443,
  localFamily: 'IPv4',
  tls: undefined,
}

describe('a connection in memory', () => {
  it('shows the addresses that it was given at the server’s end', () => {
    const { server, client } = MemorySocket.pair(PEER)
    const { tls: _, ...addresses } = PEER
    expect(server).toMatchObject(addresses)
    expect(server.address()).toEqual({ address: '10.0.0.1', family: 'IPv4', port: 443 })
    expect(client.address()).toEqual({})
    expect(server.readyState).toBe('open')
    expect(server.setNoDelay().setKeepAlive().ref().unref()).toBe(server)
  })

  it('carries bytes in both directions to their end, in a later turn', async () => {
    const { server, client } = MemorySocket.pair(PEER)
    client.end('question')
    expect(server.readableLength).toBe(0)
    expect(await textOf(server)).toBe('question')
    server.end('answer')
    expect(await textOf(client)).toBe('answer')
    await Promise.all([closed(server), closed(client)])
    expect([server.bytesRead, server.bytesWritten, client.bytesRead, client.bytesWritten]).toEqual([8, 6, 6, 8])
    expect(server.readyState).toBe('closed')
  })

  it('slows the writer down to its reader', async () => {
    const { server, client } = MemorySocket.pair(PEER)
    let taken = 0
    const chunk = Buffer.alloc(16 * 1024)
    for (let count = 0; count < 64; count++) server.write(chunk, () => taken++)
    await turns(100)
    expect(taken).toBeLessThan(8)
    expect(client.readableLength).toBeLessThanOrEqual(8 * chunk.length)
    client.resume()
    await turns(200)
    expect(taken).toBe(64)
  })

  it.each(['client', 'server'] as const)('%s destroyed in the middle: the other end closes too, and its writes end', async (first) => {
    const ends = MemorySocket.pair(PEER)
    const [gone, left] = first === 'client' ? [ends.client, ends.server] : [ends.server, ends.client]
    const written = new Promise((resolve) => left.write(Buffer.alloc(200_000), resolve))
    await turns(5)
    gone.destroy()
    await closed(left)
    await written
    expect(left.errored).toBeNull()
  })

  it('an end that leaves once it said everything lets the other read all of it', async () => {
    const { server, client } = MemorySocket.pair(PEER)
    server.write(Buffer.alloc(100_000))
    server.destroySoon()
    client.pause()
    await turns(20)
    expect((await textOf(client)).length).toBe(100_000)
    await closed(server)
  })

  it('writes to an end that is gone are lost, and harm nobody', async () => {
    const { server, client } = MemorySocket.pair(PEER)
    server.end()
    server.destroySoon()
    await closed(server)
    await new Promise((resolve) => client.write('too late', resolve))
    client.end()
    expect(await textOf(client)).toBe('')
  })

  it('tells of silence, and of none once it is closed', async () => {
    const { server, client } = MemorySocket.pair(PEER)
    await new Promise<void>((resolve) => server.setTimeout(1, resolve))
    expect(server.timeout).toBe(1)
    let timeouts = 0
    const count = (): void => void timeouts++
    server.setTimeout(5, count)
    server.setTimeout(0, count)
    expect(server.listenerCount('timeout')).toBe(0)
    server.setTimeout(5, count)
    server.destroy()
    client.destroy()
    client.setTimeout(1, count)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(timeouts).toBe(0)
  })
})

async function textOf(socket: MemorySocket): Promise<string> {
  let text = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) text += String(chunk)
  return text
}

function closed(socket: MemorySocket): Promise<void> {
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', () => resolve()))
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
