/** The demo's own client: one POST, with the times that a caller notices. */

import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { DemoError } from './errors.js'

export interface Answered {
  readonly status: number
  /** The `x-llm-cache` field; 'none' when there is none. */
  readonly outcome: string
  readonly contentType: string
  readonly body: Buffer
  /** From the request to the body's first byte, in ms. */
  readonly firstByteMs: number
  /** From the request to the body's end, in ms. */
  readonly totalMs: number
}

export interface Client {
  /** @throws DemoError when there is no answer in time */
  post(url: string, body: object, fields?: Readonly<Record<string, string>>): Promise<Answered>
  close(): void
}

const TIMEOUT_MS = 60_000

/** Connections are kept open, as every server-side client does: none of the times includes a handshake but the first. */
export function createClient(): Client {
  const agent = new Agent({ keepAlive: true })
  return {
    post: (url, body, fields) =>
      new Promise((resolve, reject) => {
        const payload = Buffer.from(JSON.stringify(body))
        const headers = { 'content-type': 'application/json', 'content-length': payload.length, authorization: 'Bearer demo', ...fields }
        const startedAt = performance.now()
        const outgoing = httpRequest(url, { method: 'POST', agent, headers, timeout: TIMEOUT_MS }, (response) => {
          receive(response, startedAt).then(resolve, reject)
        })
        outgoing.once('timeout', () => outgoing.destroy(new DemoError(`${url} did not answer within ${TIMEOUT_MS / 1000} s`)))
        outgoing.once('error', (error) =>
          reject(error instanceof DemoError ? error : new DemoError(`${url}: ${error.message}`, { cause: error })),
        )
        outgoing.end(payload)
      }),
    close: () => agent.destroy(),
  }
}

function receive(response: IncomingMessage, startedAt: number): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let firstByteMs = 0
    response.on('data', (chunk: Buffer) => {
      if (chunks.length === 0) firstByteMs = performance.now() - startedAt
      chunks.push(chunk)
    })
    response.once('error', reject)
    response.once('end', () => {
      const totalMs = performance.now() - startedAt
      resolve({
        status: response.statusCode ?? 0,
        outcome: String(response.headers['x-llm-cache'] ?? 'none'),
        contentType: response.headers['content-type'] ?? '',
        body: Buffer.concat(chunks),
        firstByteMs: chunks.length === 0 ? totalMs : firstByteMs,
        totalMs,
      })
    })
  })
}
