/** A server that answers JSON with JSON, for fakes of vector databases. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Call {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: unknown
}

/** To be thrown: the answer has this status. */
export class Refusal extends Error {
  readonly status: number
  readonly body: unknown

  constructor(status: number, body: unknown) {
    super(`${status}`)
    this.status = status
    this.body = body
  }
}

export interface FakeServer {
  readonly url: string
  readonly calls: readonly Call[]
  close(): Promise<void>
}

export async function serveJson(answer: (call: Call) => unknown): Promise<FakeServer> {
  const calls: Call[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake')
      const text = Buffer.concat(chunks).toString()
      let status = 200
      let body: unknown
      try {
        const call = {
          method: request.method ?? '',
          path: decodeURIComponent(pathname),
          query: searchParams,
          headers: request.headers,
          body: text === '' ? undefined : (JSON.parse(text) as unknown),
        }
        calls.push(call)
        body = answer(call)
      } catch (error) {
        status = error instanceof Refusal ? error.status : 500
        body = error instanceof Refusal ? error.body : { message: `${error}` }
      }
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Cosine of two vectors. */
export function cosineOf(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, part, at) => sum + part * (y[at] as number), 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}
