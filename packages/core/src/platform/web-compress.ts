/** Body codings of the Compression Streams standard: gzip alone, and always asynchronous. */

import type { BodyCoding } from '../entry/entry.js'
import type { CodecSupport } from './body-codec.js'

/** Opens `coding`. Never throws. */
export function openBodyCodec(coding: BodyCoding, level: number | undefined): CodecSupport {
  if (coding !== 'gzip') return { kind: 'unsupported', needs: `Node; here there is gzip alone` }
  if (level !== undefined) return { kind: 'unsupported', needs: 'Node to choose its level' }
  return {
    kind: 'ready',
    codec: {
      encode: (bytes) => pump(bytes, new CompressionStream('gzip'), Number.POSITIVE_INFINITY),
      decode: (bytes, maxBytes) => pump(bytes, new DecompressionStream('gzip'), maxBytes),
    },
  }
}

/** All that comes out of `transform`. @throws RangeError as soon as that is more than `maxBytes` */
async function pump(bytes: Uint8Array, transform: ByteTransform, maxBytes: number): Promise<Uint8Array> {
  const writer = transform.writable.getWriter()
  // Failures arrive at the reader as well.
  writer.write(bytes).catch(() => undefined)
  writer.close().catch(() => undefined)
  const reader = transform.readable.getReader() as ByteReader
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return concat(chunks, size)
    size += value.byteLength
    if (size > maxBytes) {
      reader.cancel().catch(() => undefined)
      throw new RangeError('There is more in it than may be.')
    }
    chunks.push(value)
  }
}

function concat(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}

interface ByteTransform {
  readonly writable: { getWriter(): { write(bytes: Uint8Array): Promise<void>; close(): Promise<void> } }
  readonly readable: { getReader(): unknown }
}

interface ByteReader {
  read(): Promise<{ readonly done: true; readonly value?: undefined } | { readonly done: false; readonly value: Uint8Array }>
  cancel(): Promise<void>
}
