/** The bytes of a body that was read already, to be sent once more. */

import type { RequestBody } from '../exchange.js'

/**
 * A parsed body is written anew, as JSON or as the text that it is; undefined where that would not be what its fields say (a form), or
 * where there is nothing to write.
 */
export function bytesToSend(body: RequestBody, contentType: string | undefined): Uint8Array | undefined {
  switch (body.kind) {
    case 'none':
      return new Uint8Array(0)
    // A handler may write into the buffer that it got.
    case 'bytes':
      return new Uint8Array(body.bytes)
    case 'parsed':
      return written(body.value, contentType ?? '')
    case 'unreadable':
      return undefined
  }
}

function written(value: unknown, contentType: string): Uint8Array | undefined {
  if (value instanceof Uint8Array) return new Uint8Array(value)
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1]
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) return undefined
  if (/^\s*[\w.+-]+\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType)) return encode(JSON.stringify(value))
  return typeof value === 'string' && !/form-urlencoded/i.test(contentType) ? encode(value) : undefined
}

function encode(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : encoder.encode(text)
}

const encoder = new TextEncoder()
