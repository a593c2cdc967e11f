/** What a model call's response said, collected as it passes by, up to a bound. */

import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'

export interface CallBody {
  contentType: string
  contentEncoding: string
  add(chunk: Uint8Array): void
  /** The decoded bytes so far; undefined where none were seen, they outgrew the bound, or they cannot be decoded. */
  bytes(): Uint8Array | undefined
  readonly overflown: boolean
}

const MAX_BYTES = 4 * 1024 * 1024
const MAX_DECODED_BYTES = 16 * 1024 * 1024

export function createCallBody(): CallBody {
  const chunks: Uint8Array[] = []
  let size = 0
  return {
    contentType: '',
    contentEncoding: '',
    get overflown() {
      return size > MAX_BYTES
    },
    add(chunk) {
      size += chunk.byteLength
      if (size <= MAX_BYTES) chunks.push(Uint8Array.from(chunk))
      else chunks.length = 0
    },
    bytes() {
      if (chunks.length === 0) return undefined
      const whole = Buffer.concat(chunks)
      const decode = DECODERS[this.contentEncoding]
      if (!decode) return undefined
      try {
        return decode(whole)
      } catch {
        return undefined
      }
    },
  }
}

const LIMIT = { maxOutputLength: MAX_DECODED_BYTES }

const DECODERS: Readonly<Record<string, ((bytes: Buffer) => Uint8Array) | undefined>> = {
  '': (bytes) => bytes,
  identity: (bytes) => bytes,
  gzip: (bytes) => gunzipSync(bytes, LIMIT),
  'x-gzip': (bytes) => gunzipSync(bytes, LIMIT),
  deflate: (bytes) => inflateSync(bytes, LIMIT),
  br: (bytes) => brotliDecompressSync(bytes, LIMIT),
}
