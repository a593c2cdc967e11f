/** Requests to the HTTP servers of this process, over connections that lead through no network. */

import { AsyncResource } from 'node:async_hooks'
import { createServer, Server as HttpServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { Server as TlsServer } from 'node:tls'
import type { InMemory, InMemoryRequest, NodeServer } from './app-port.js'
import { MemorySocket } from './node-memory-socket.js'
import { peerOf, serverOf, stranger } from './node-peer.js'

export const inMemory: InMemory = {
  apart: (callback) => outside.runInAsyncScope(callback),
  isServer: (value): value is NodeServer => value instanceof HttpServer || value instanceof HttpsServer,
  serverFor: (listener) => createServer(listener as RequestListener),
  serverBehind: (message) => {
    const { httpVersionMajor } = message as IncomingMessage
    return httpVersionMajor === 1 ? serverOf(message as IncomingMessage) : undefined
  },
  peerOf,
  stranger,
  send,
}

/** What surrounds this module: no request of any app. */
const outside: AsyncResource = new AsyncResource('LlmCacheDetached')

/** Answers with more header bytes than this break off. */
const MAX_HEADER_BYTES = 256 * 1024

function send(server: NodeServer, request: InMemoryRequest): Promise<number | undefined> | undefined {
  const ends = MemorySocket.pair(request.peer)
  request.prepare(ends.server)
  // As every connection that a server accepts has it.
  Object.assign(ends.server, { server })
  // What a TLS server parses has been through its handshake.
  ;(server as HttpServer).emit(server instanceof TlsServer ? 'secureConnection' : 'connection', ends.server)
  if (ends.server.listenerCount('data') === 0) {
    ends.server.destroy()
    ends.client.destroy()
    return undefined
  }
  try {
    return exchange(ends.client, request)
  } catch {
    // A path or a field that no client could send.
    ends.client.destroy()
    return Promise.resolve(undefined)
  }
}

function exchange(client: MemorySocket, request: InMemoryRequest): Promise<number | undefined> {
  const outgoing = httpRequest({
    createConnection: () => client,
    method: request.method,
    path: request.url,
    headers: fieldsOf(request),
    setHost: false,
    maxHeaderSize: MAX_HEADER_BYTES,
  })
  return new Promise((resolve) => {
    const abort = (): void => void outgoing.destroy()
    function finish(status: number | undefined): void {
      request.signal.removeEventListener('abort', abort)
      resolve(status)
    }
    request.signal.addEventListener('abort', abort, { once: true })
    let response: IncomingMessage | undefined
    outgoing.on('error', () => finish(undefined))
    // With an answer that is still to be read, its own 'close' tells.
    outgoing.on('close', () => response === undefined && finish(undefined))
    outgoing.on('response', (received) => {
      response = received
      received
        .on('data', request.onActivity)
        .on('end', () => finish(received.statusCode))
        .on('error', () => finish(undefined))
        .on('close', () => finish(undefined))
    })
    outgoing.end(request.body)
  })
}

function fieldsOf({ method, headers, body }: InMemoryRequest): string[] {
  const fields = headers.flat()
  if (!headers.some(([name]) => name.toLowerCase() === 'host')) fields.push('Host', '')
  if (body.byteLength > 0 || (method !== 'GET' && method !== 'HEAD')) fields.push('Content-Length', `${body.byteLength}`)
  fields.push('Connection', 'close')
  return fields
}
