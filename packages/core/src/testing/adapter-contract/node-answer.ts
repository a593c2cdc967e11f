/** Helpers for drivers on Node: sending an `Answer` with `ServerResponse`, and reading a body as a handler would. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './types.js'

/** Sends what is not `json`: that each framework has its own way for. Rejects when the chunks throw. */
export async function sendAnswer(response: ServerResponse, { status = 200, headers = {}, body, chunks }: Answer): Promise<void> {
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [name, value] : value.flatMap((item) => [name, item]),
  )
  if (!chunks) {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string)
    response.statusCode = status
    response.end(body)
    return
  }
  response.writeHead(status, fields)
  response.flushHeaders()
  for await (const chunk of chunks) {
    if (response.destroyed) return
    const more = response.write(chunk)
    // compression holds bytes back until told.
    ;(response as { flush?: () => void }).flush?.()
    if (!more && !response.destroyed) await drained(response)
  }
  response.end()
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go).off('close', go)
      resolve()
    }
    response.on('drain', go).on('close', go)
  })
}

export async function readAll(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts)
}
