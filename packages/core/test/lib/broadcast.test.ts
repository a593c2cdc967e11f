import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BroadcastReader, type BroadcastStep, createBroadcast } from '../../src/lib/broadcast.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function readAll(reader: BroadcastReader): Promise<{ text: string; end: BroadcastStep['kind'] }> {
  let text = ''
  for (;;) {
    const step = await reader.next()
    if (step.kind !== 'chunk') return { text, end: step.kind }
    text += new TextDecoder().decode(step.bytes)
  }
}

describe('broadcast', () => {
  it('gives every reader every chunk, whenever it joins', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ minLength: 1, maxLength: 4 })),
        fc.array(fc.nat(20)),
        fc.boolean(),
        async (chunks, joins, aborted) => {
          const broadcast = createBroadcast(1_000_000)
          const results: Promise<{ text: string; end: string }>[] = []
          for (const [index, chunk] of chunks.entries()) {
            for (const at of joins) if (at === index) results.push(readAll(broadcast.subscribe(() => undefined)))
            broadcast.write(bytes(chunk))
          }
          const early = results.length
          if (aborted) broadcast.abort()
          else {
            broadcast.end()
            results.push(readAll(broadcast.subscribe(() => undefined)))
          }
          const whole = chunks.join('')
          for (const result of await Promise.all(results)) expect(result).toEqual({ text: whole, end: aborted ? 'aborted' : 'done' })
          expect(results.length).toBe(aborted ? early : early + 1)
          expect(new TextDecoder().decode(broadcast.bytes())).toBe(whole)
        },
      ),
    )
  })

  it('holds no more than its bound for slow readers: they are cut off, the writer goes on', async () => {
    const broadcast = createBroadcast(1000)
    let left = 0
    const slow = broadcast.subscribe(() => left++)
    const fast = broadcast.subscribe(() => undefined)
    for (let count = 0; count < 10; count++) {
      broadcast.write(new Uint8Array(300))
      expect(await fast.next()).toMatchObject({ kind: 'chunk' })
    }
    expect(left).toBe(1)
    expect(slow.next()).toEqual({ kind: 'aborted' })
    expect(broadcast.joinable).toBe(false)
    expect(broadcast.bytes()).toBeUndefined()
    broadcast.end()
    expect(fast.next()).toEqual({ kind: 'done' })
  })

  it('counts many tiny chunks by what they hold in memory', () => {
    const broadcast = createBroadcast(1000)
    for (let count = 0; count < 20; count++) broadcast.write(bytes('x'))
    expect(broadcast.joinable).toBe(false)
  })

  it('wakes a waiting reader when it is cancelled or cut', async () => {
    const broadcast = createBroadcast(1000)
    let left = 0
    const cancelled = broadcast.subscribe(() => left++)
    const pending = cancelled.next()
    cancelled.cancel()
    cancelled.cancel()
    expect(await pending).toEqual({ kind: 'aborted' })
    expect(left).toBe(1)
    const cut = broadcast.subscribe(() => undefined)
    broadcast.write(bytes('a'))
    broadcast.cut()
    broadcast.write(bytes('b'))
    expect(await readAll(cut)).toEqual({ text: 'a', end: 'aborted' })
    broadcast.end()
    expect(await readAll(broadcast.subscribe(() => undefined))).toEqual({ text: 'ab', end: 'done' })
  })

  it('keeps its own memory: the whole does not pin or alias the chunks', () => {
    const broadcast = createBroadcast(1000)
    const chunk = bytes('abc')
    broadcast.write(chunk)
    const whole = broadcast.bytes()
    chunk.fill(0)
    expect(new TextDecoder().decode(whole)).toBe('abc')
    expect(whole?.buffer.byteLength).toBe(3)
  })
})
