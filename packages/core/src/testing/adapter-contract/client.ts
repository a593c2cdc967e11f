/** A raw HTTP client: nothing of the answer is hidden, and a test sees each chunk when it arrives. */

import { type Agent, type ClientRequest, type IncomingMessage, request as openRequest } from 'node:http'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'

export interface Ask {
  /** @default 'POST' */
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON; bytes and text as they are; a list as chunks without a length. */
  readonly body?: unknown
  /** @default a connection of its own */
  readonly agent?: Agent
  /** Wait for `100 Continue` before the body is sent. */
  readonly expectContinue?: boolean
}

export interface Received {
  readonly status: number
  /** Fields as received. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** A field's value by lower-case name. */
  header(name: string): string | undefined
  /** As on the wire. */
  readonly body: Buffer
  /** Without its content coding. */
  readonly decoded: Buffer
  readonly text: string
  /** The connection broke before the answer's end. */
  readonly cut: boolean
}

/** An answer on its way. */
export interface Live {
  /** Resolves with the head. */
  head(): Promise<{ readonly status: number; header(name: string): string | undefined }>
  /** Resolves once the text received so far contains `part`; rejects when the answer ends without it. */
  until(part: string): Promise<void>
  /** Resolves with the first byte of the body; rejects when the answer ends without any. */
  firstByte(): Promise<void>
  /** Text received so far. */
  readonly text: string
  readonly ended: boolean
  /** Stops reading, and goes on. */
  pause(): void
  resume(): void
  /** Breaks the connection off. */
  abort(): void
  /** Breaks it off with a TCP reset, as a crashed client does. */
  reset(): void
  /** Resolves with what was received when it is over, cut or not. Rejects when no head came. */
  done(): Promise<Received>
}

/** Sends a request and waits for the whole answer. */
export function send(url: string, ask: Ask): Promise<Received> {
  return start(url, ask).done()
}

/** Sends a request and gives its answer while it comes in. */
export function start(url: string, ask: Ask): Live {
  const { method = 'POST', path = '/', headers = {}, body, agent = false } = ask
  const payload = payloadOf(body)
  const sent = { ...(payload?.json ? { 'content-type': 'application/json' } : {}), ...headers }
  const target = new URL(url)
  const length = payload?.whole === undefined ? {} : { 'content-length': String(payload.whole.length) }
  const expect = ask.expectContinue ? { expect: '100-continue' } : {}
  const request = openRequest({
    host: target.hostname,
    port: target.port,
    method,
    path,
    agent,
    headers: { ...length, ...expect, ...sent },
  })
  const live = follow(request)
  if (ask.expectContinue) {
    request.flushHeaders()
    request.once('continue', () => request.end(payload?.whole))
  } else if (payload?.parts) {
    for (const part of payload.parts) request.write(part)
    request.end()
  } else request.end(payload?.whole)
  return live
}

function follow(request: ClientRequest): Live {
  const chunks: Buffer[] = []
  const watchers = new Set<() => void>()
  let response: IncomingMessage | undefined
  let failure: Error | undefined
  let ended = false

  const notify = (): void => {
    for (const check of [...watchers]) check()
  }
  const finish = (error?: Error): void => {
    if (ended) return
    failure = error
    ended = true
    notify()
  }
  const text = (): string => Buffer.concat(chunks).toString()
  /** Resolves with what `look` answers, as soon as it answers anything. */
  const when = <T>(look: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const seen = look()
        if (seen === undefined && !ended) return
        watchers.delete(check)
        if (seen !== undefined) resolve(seen)
        else reject(failure ?? new Error(`The answer ended without it: ${response?.statusCode} ${text().slice(0, 300)}`))
      }
      watchers.add(check)
      check()
    })

  request.on('error', (error) => finish(error))
  request.on('response', (incoming) => {
    response = incoming
    incoming.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      notify()
    })
    incoming.on('error', () => undefined)
    incoming.on('close', () => finish())
    notify()
  })

  const headerOf = (name: string): string | undefined => {
    const value = response?.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
  return {
    get text() {
      return text()
    },
    get ended() {
      return ended
    },
    head: () => when(() => response && { status: response.statusCode ?? 0, header: headerOf }),
    until: async (part) => void (await when(() => (text().includes(part) ? true : undefined))),
    firstByte: async () => void (await when(() => chunks.length > 0 || undefined)),
    pause: () => response?.pause(),
    resume: () => response?.resume(),
    abort: () => void request.destroy(),
    reset: () => void request.socket?.resetAndDestroy(),
    done: () => when(() => (ended && response ? receivedOf(response, Buffer.concat(chunks), headerOf) : undefined)),
  }
}

function receivedOf(response: IncomingMessage, body: Buffer, header: (name: string) => string | undefined): Received {
  const headers: [string, string][] = []
  for (let at = 0; at + 1 < response.rawHeaders.length; at += 2) {
    headers.push([response.rawHeaders[at] as string, response.rawHeaders[at + 1] as string])
  }
  const cut = !response.complete
  const decoded = cut ? body : decode(body, header('content-encoding'))
  return { status: response.statusCode ?? 0, headers, header, body, decoded, text: decoded.toString(), cut }
}

function decode(body: Buffer, encoding: string | undefined): Buffer {
  if (body.length === 0) return body
  if (encoding === 'gzip') return gunzipSync(body)
  if (encoding === 'br') return brotliDecompressSync(body)
  return encoding === 'deflate' ? inflateSync(body) : body
}

interface Payload {
  readonly json: boolean
  readonly whole?: Buffer
  readonly parts?: readonly Buffer[]
}

function payloadOf(body: unknown): Payload | undefined {
  if (body === undefined) return undefined
  if (Array.isArray(body)) return { json: true, parts: body.map((part) => Buffer.from(part as string)) }
  if (typeof body === 'string' || body instanceof Uint8Array) return { json: false, whole: Buffer.from(body as string) }
  return { json: true, whole: Buffer.from(JSON.stringify(body)) }
}
