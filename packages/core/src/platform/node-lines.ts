/** Lines of files on Node. */

import { createReadStream } from 'node:fs'
import type { Line } from './lines.js'

/** See `ReadLines`. */
export async function* fileLines(file: string | URL, maxBytes: number): AsyncGenerator<Line> {
  const decoder = new TextDecoder()
  // In pieces: a line that comes in a thousand of them is put together once.
  let pieces: Uint8Array[] = []
  let bytes = 0

  function take(): Line {
    const line = bytes > maxBytes ? undefined : decoder.decode(Buffer.concat(pieces))
    pieces = []
    bytes = 0
    return line?.endsWith('\r') ? line.slice(0, -1) : line
  }
  function add(piece: Uint8Array): void {
    bytes += piece.byteLength
    if (bytes <= maxBytes) pieces.push(piece)
    else pieces = []
  }

  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let start = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      add(chunk.subarray(start, end))
      yield take()
      start = end + 1
    }
    if (start < chunk.byteLength) add(chunk.subarray(start))
  }
  if (bytes > 0) yield take()
}

const LF = 0x0a
