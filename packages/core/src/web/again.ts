/**
 * Asking the app the same once more, as a new request to the server that received the first one: through the app's own middleware,
 * with the same credentials, so that whatever guards the route guards it again. Used when the process that was making an answer
 * died in the middle of it (docs/decisions/0013-asking-again.md).
 */

import type { RequestBody } from '../exchange.js'

/** What is used of Node's IncomingMessage. */
export interface ReceivedMessage {
  readonly method?: string | undefined
  readonly rawHeaders: readonly string[]
  readonly httpVersionMajor: number
  readonly socket?: { readonly localAddress?: string; readonly localPort?: number; readonly encrypted?: unknown } | null
}

/**
 * Sends the request; its answer will be read and thrown away. Resolves with the status once it ended, with undefined where it broke
 * off. Undefined where it cannot be made: not on Node, behind TLS or HTTP/2, on a Unix socket, or with a body that is not to be had.
 *
 * @param url path and query as received
 */
export function askAgain(message: ReceivedMessage, url: string, body: RequestBody): Promise<number | undefined> | undefined {
  const http = builtinHttp()
  const { socket } = message
  if (!http || !socket?.localAddress || !socket.localPort || socket.encrypted || message.httpVersionMajor !== 1) return undefined
  const bytes = bytesOf(body)
  if (!bytes) return undefined
  const again = http.request({
    host: socket.localAddress,
    port: socket.localPort,
    method: message.method ?? 'GET',
    path: url,
    headers: [...endToEnd(message.rawHeaders), 'Content-Length', `${bytes.byteLength}`, 'Connection', 'close'],
    setHost: false,
    agent: false,
    timeout: TIMEOUT_MS,
  })
  again.on('socket', (own) => own.unref())
  again.on('timeout', () => again.destroy())
  return new Promise((resolve) => {
    again.on('error', () => resolve(undefined))
    again.on('response', (response) => {
      response.on('end', () => resolve(response.statusCode))
      response.on('close', () => resolve(undefined))
      response.on('error', () => resolve(undefined))
      response.resume()
    })
    again.end(bytes)
  })
}

/** Silence after which it is given up, in ms. */
const TIMEOUT_MS = 300_000

/** Fields of the first connection and its framing. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function endToEnd(raw: readonly string[]): string[] {
  const fields: string[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] as string
    if (!LEFT_OUT.has(name.toLowerCase())) fields.push(name, raw[at + 1] as string)
  }
  return fields
}

function bytesOf(body: RequestBody): Uint8Array | undefined {
  switch (body.kind) {
    case 'none':
      return new Uint8Array(0)
    case 'bytes':
      return body.bytes
    case 'parsed':
      return encoder.encode(JSON.stringify(body.value))
    case 'unreadable':
      return undefined
  }
}

const encoder = new TextEncoder()

interface IncomingResponse {
  readonly statusCode?: number
  on(event: 'end' | 'close' | 'error', listener: () => void): void
  resume(): void
}

interface OutgoingRequest {
  on(event: 'socket', listener: (socket: { unref(): void }) => void): void
  on(event: 'timeout' | 'error', listener: () => void): void
  on(event: 'response', listener: (response: IncomingResponse) => void): void
  end(bytes: Uint8Array): void
  destroy(): void
}

interface NodeHttp {
  request(options: Record<string, unknown>): OutgoingRequest
}

/** Without an import: this file also runs where there is no `node:`. */
function builtinHttp(): NodeHttp | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  return process?.getBuiltinModule?.('node:http') as NodeHttp | undefined
}
