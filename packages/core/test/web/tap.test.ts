/** The tap on `Response` bodies, and reading a request ahead of its handler, on the platform's own classes. */

import { createBodyReader, handlerFields, replyResponse, tapResponse, tapStream, targetOf, watchClient } from '@llm-cache/core/web'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CacheHandle } from '../../src/engine/handle.js'
import type { HeaderPairs, Recorder } from '../../src/exchange.js'

const same = (): CacheHandle => HANDLE
const HANDLE: CacheHandle = { outcome: 'MISS', semantic: undefined, tag: same, dependsOn: same, ttl: same, skip: same, usage: same }

interface Log {
  head: { status: number; headers: HeaderPairs } | undefined
  readonly chunks: Uint8Array[]
  end: 'end' | 'origin-error' | undefined
  onRelease: (() => void) | undefined
}

function fakeRecorder(others = false): { recorder: Recorder; log: Log } {
  const log: Log = { head: undefined, chunks: [], end: undefined, onRelease: undefined }
  const recorder: Recorder = {
    id: 'id',
    run: (handler) => handler(),
    head(status, headers) {
      log.head = { status, headers }
      return [['x-llm-cache', 'MISS']]
    },
    write: (chunk) => void log.chunks.push(chunk),
    failed: () => undefined,
    end: () => {
      log.end ??= 'end'
    },
    abort: (reason) => {
      log.end ??= reason
    },
    clientGone(onRelease) {
      log.onRelease = onRelease
      return others
    },
  }
  return { recorder, log }
}

const join = (chunks: readonly Uint8Array[]): string => Buffer.concat(chunks).toString('latin1')
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A source that counts what was asked of it. */
function counted(chunks: readonly (Uint8Array | string)[], failure?: Error) {
  let pulls = 0
  let cancelled = false
  const stream = new ReadableStream<Uint8Array | string>(
    {
      pull(controller) {
        const chunk = chunks[pulls++]
        if (chunk !== undefined) controller.enqueue(chunk)
        else if (failure) controller.error(failure)
        else controller.close()
      },
      cancel: () => {
        cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, pulls: () => pulls, cancelled: () => cancelled }
}

function tapped(source: ReadableStream, others = false) {
  const { recorder, log } = fakeRecorder(others)
  const leaving = new AbortController()
  const client = watchClient(recorder, leaving.signal)
  return { stream: tapStream(source, recorder, client), log, client, leaving }
}

describe('tapStream', () => {
  const chunk = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.string({ minLength: 1 }))

  it('passes every chunk on as it is and records the same bytes', () =>
    fc.assert(
      fc.asyncProperty(fc.array(chunk), async (chunks) => {
        const { stream, log } = tapped(counted(chunks).stream)
        const got: unknown[] = []
        for await (const part of stream as unknown as AsyncIterable<unknown>) got.push(part)
        expect(got).toEqual(chunks)
        expect(join(log.chunks)).toBe(join(chunks.map((part) => Buffer.from(part as string))))
        expect(log.end).toBe('end')
      }),
    ))

  it('asks the source only when it is asked', async () => {
    const source = counted([new Uint8Array(1), new Uint8Array(1), new Uint8Array(1)])
    const reader = tapped(source.stream).stream.getReader()
    await settle()
    expect(source.pulls()).toBe(0)
    await reader.read()
    await settle()
    expect(source.pulls()).toBe(1)
  })

  it('keeps bytes of its own', async () => {
    const buffer = Buffer.from('first')
    const { stream, log } = tapped(counted([buffer]).stream)
    await stream.getReader().read()
    buffer.write('other')
    expect(join(log.chunks)).toBe('first')
  })

  it('passes an error on, after the chunks before it', async () => {
    const { stream, log } = tapped(counted(['a'], new Error('cut')).stream)
    const reader = stream.getReader()
    expect((await reader.read()).value).toBe('a')
    await expect(reader.read()).rejects.toThrow('cut')
    expect(log.end).toBe('origin-error')
  })

  it('the client leaves and nobody else listens: the source and the handler are told', async () => {
    const source = counted(['a', 'b', 'c'])
    const { stream, client } = tapped(source.stream)
    const reader = stream.getReader()
    await reader.read()
    await reader.cancel('gone')
    expect(source.cancelled()).toBe(true)
    expect(client.signal.aborted).toBe(true)
  })

  it('the client leaves and others listen: the rest is read for them, and the handler is told in the end', async () => {
    const source = counted(['a', 'b', 'c'])
    const { stream, client, log, leaving } = tapped(source.stream, true)
    const reader = stream.getReader()
    await reader.read()
    await reader.cancel('gone')
    leaving.abort()
    expect(client.signal.aborted).toBe(false)
    await settle()
    expect(join(log.chunks)).toBe('abc')
    expect(log.end).toBe('end')
    expect(source.cancelled()).toBe(false)
    log.onRelease?.()
    expect(client.signal.aborted).toBe(true)
  })

  it('the last listener leaves in the middle: the source is told then', async () => {
    const never = new Promise<void>(() => undefined)
    let cancelled = false
    const source = new ReadableStream({
      pull: () => never,
      cancel: () => {
        cancelled = true
      },
    })
    const { stream, log } = tapped(source, true)
    await stream.cancel('gone')
    expect(cancelled).toBe(false)
    log.onRelease?.()
    await settle()
    expect(cancelled).toBe(true)
  })
})

describe('a client that left before the handler runs', () => {
  function left(others: boolean) {
    const { recorder, log } = fakeRecorder(others)
    return { client: watchClient(recorder, AbortSignal.abort('gone')), recorder, log }
  }

  it('nobody else listens: the handler is told at once, and its answer is cancelled', async () => {
    const { client, recorder, log } = left(false)
    expect(client.signal.aborted).toBe(true)
    expect(client.signal.reason).toBe('gone')
    const source = counted(['a', 'b', 'c'])
    tapStream(source.stream, recorder, client)
    await settle()
    expect(source.cancelled()).toBe(true)
    expect(log.chunks).toEqual([])
  })

  it('others listen: the handler is not told, and its answer is read for them', async () => {
    const { client, recorder, log } = left(true)
    expect(client.signal.aborted).toBe(false)
    const source = counted(['a', 'b', 'c'])
    tapStream(source.stream, recorder, client)
    await settle()
    expect(join(log.chunks)).toBe('abc')
    expect(log.end).toBe('end')
    expect(source.cancelled()).toBe(false)
  })
})

describe('tapResponse', () => {
  it('records an answer that is whole even where nobody reads it', async () => {
    const { recorder, log } = fakeRecorder()
    const client = watchClient(recorder, new AbortController().signal)
    const outer = new Headers({ 'x-outer': '1', 'content-type': 'application/json' })
    const response = Response.json({ a: 1 }, { status: 201, headers: { 'x-outer': '1', 'x-model': 'm' } })
    const sent = tapResponse(response, { recorder, handle: HANDLE, client }, outer)
    await settle()
    expect(log.end).toBe('end')
    expect(log.head).toEqual({
      status: 201,
      headers: [
        ['content-type', 'application/json'],
        ['x-model', 'm'],
      ],
    })
    expect(sent.status).toBe(201)
    expect(sent.headers.get('x-llm-cache')).toBe('MISS')
    expect(await sent.json()).toEqual({ a: 1 })
  })

  it('takes answers without a body, and with immutable fields', () => {
    const { recorder, log } = fakeRecorder()
    const client = watchClient(recorder, new AbortController().signal)
    const sent = tapResponse(Response.redirect('http://a.example/', 302), { recorder, handle: HANDLE, client }, new Headers())
    expect(log.end).toBe('end')
    expect([sent.status, sent.headers.get('x-llm-cache'), sent.headers.get('location')]).toEqual([302, 'MISS', 'http://a.example/'])
  })
})

describe('handlerFields', () => {
  const outer = new Headers([
    ['set-cookie', 'session=1'],
    ['vary', 'Origin, X-Tenant'],
    ['x-id', '1'],
    ['cache-control', 'private'],
  ])

  it('leaves out what outer middleware set, cookie by cookie, except for what it says about caching', () => {
    const answer: HeaderPairs = [
      ['Set-Cookie', 'session=1'],
      ['Set-Cookie', 'mine=2'],
      ['Vary', 'Origin, X-Tenant, Accept'],
      ['X-Id', '1'],
      ['Cache-Control', 'private'],
    ]
    expect(handlerFields(answer, outer)).toEqual([
      ['Set-Cookie', 'mine=2'],
      ['Vary', 'X-Tenant, Accept'],
      ['Cache-Control', 'private'],
    ])
  })

  it('a reply joins its Vary to the outer one', () => {
    const reply = { status: 200, headers: [['Vary', 'accept, origin']], body: { kind: 'bytes', bytes: new Uint8Array(1) } } as const
    expect(replyResponse(reply, outer).headers.get('vary')).toBe('Origin, X-Tenant, accept')
  })
})

describe('createBodyReader', () => {
  const LIMIT = 50

  it('gives the handler every byte, and the cache those within the limit', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 10 }), async (chunks) => {
        const pending = [...chunks]
        let taken = 0
        const body = new ReadableStream<Uint8Array>(
          {
            pull(controller) {
              const next = pending.shift()
              if (!next) return controller.close()
              taken += next.byteLength
              controller.enqueue(next)
            },
          },
          { highWaterMark: 0 },
        )
        const request = new Request('http://a.example/', { method: 'POST', body, duplex: 'half' } as RequestInit)
        const reader = createBodyReader(request)
        const whole = join(chunks)
        const read = await reader.read(LIMIT)
        if (whole.length > LIMIT) {
          expect(read).toEqual({ kind: 'unreadable', reason: 'body-too-large' })
          expect(taken).toBeLessThanOrEqual(LIMIT + 20)
        } else expect(read.kind === 'bytes' && join([read.bytes])).toBe(whole)
        const restored = reader.restore(new AbortController().signal)
        expect(join([new Uint8Array(await restored.clone().arrayBuffer())])).toBe(whole)
        expect(join([new Uint8Array(await restored.arrayBuffer())])).toBe(whole)
      }),
    ))
})

describe('targetOf', () => {
  it('is path and query', () => {
    const cases = { 'http://a/': '/', 'http://a': '/', 'http://a:1/b?c=/d#e': '/b?c=/d', 'https://a/b/c': '/b/c' }
    for (const [url, target] of Object.entries(cases)) expect(targetOf(url)).toBe(target)
  })
})
