/**
 * Reading ahead of `@hono/node-server`'s request. Its `Request` is a stand-in for Node's message, which it reads itself, much
 * faster than a platform `Request` could be rebuilt (35 us): so the message is read here and left in its `rawBody`, where
 * node-server, as platforms that read bodies themselves have it, looks first. All ways of reading the request go on working.
 */

import type { RequestBody } from '../exchange.js'

/** What is used of Node's IncomingMessage. */
export interface Incoming {
  readonly readableDidRead: boolean
  readonly destroyed: boolean
  rawBody?: unknown
  pause(): unknown
  unshift(chunk: Uint8Array): void
  on(name: string, listener: (chunk: Uint8Array) => void): this
  off(name: string, listener: (chunk: Uint8Array) => void): this
}

/** Node's message behind `request`, if that is a stand-in of which nothing was read and nothing was built yet. */
export function incomingOf(request: Request): Incoming | undefined {
  for (const { description } of Object.getOwnPropertySymbols(request)) {
    if (description === 'requestCache' || description === 'bodyConsumedDirectly') return undefined
  }
  const incoming = messageBehind(request)
  return incoming && typeof incoming.unshift === 'function' && !incoming.destroyed ? incoming : undefined
}

/** Node's message behind `request`, if that is a stand-in. */
export function messageBehind(request: Request): Incoming | undefined {
  const symbol = Object.getOwnPropertySymbols(request).find(({ description }) => description === 'incomingKey')
  return symbol && (request as unknown as Record<symbol, Incoming>)[symbol]
}

/**
 * The body's bytes, at most `limit` of them. Over the limit what was read is put back, and only `request.body` is still
 * readable: node-server refuses to read a message directly that was read from before.
 */
export function readIncoming(incoming: Incoming, limit: number): RequestBody | Promise<RequestBody> {
  const { rawBody } = incoming
  if (rawBody instanceof Uint8Array) {
    return rawBody.byteLength > limit ? { kind: 'unreadable', reason: 'body-too-large' } : { kind: 'bytes', bytes: rawBody }
  }
  if (incoming.readableDidRead) return { kind: 'unreadable', reason: 'body-consumed' }
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    let size = 0

    function finish(body: RequestBody): void {
      incoming.off('data', onData).off('end', onEnd).off('close', onBroken).off('error', onBroken)
      resolve(body)
    }
    function onData(chunk: Uint8Array | string): void {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      chunks.push(bytes)
      size += bytes.byteLength
      if (size <= limit) return
      incoming.pause()
      incoming.unshift(whole())
      finish({ kind: 'unreadable', reason: 'body-too-large' })
    }
    function onEnd(): void {
      const bytes = whole()
      incoming.rawBody = bytes
      finish(size === 0 ? { kind: 'none' } : { kind: 'bytes', bytes })
    }
    function onBroken(): void {
      finish({ kind: 'unreadable', reason: 'body-aborted' })
    }
    // node-server knows a body that is a Buffer.
    const whole = (): Buffer => (chunks.length === 1 && Buffer.isBuffer(chunks[0]) ? chunks[0] : Buffer.concat(chunks, size))
    incoming.on('data', onData).on('end', onEnd).on('close', onBroken).on('error', onBroken)
  })
}
