/** Puts answers on the wire: latency, gate, back-pressure, and the faults that show in transit. */

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { LiveCall } from './calls.js'
import type { Frame } from './format.js'
import type { Turnstile } from './gate.js'
import type { Pace } from './pace.js'

/** One call's connection. */
export interface Line {
  readonly call: LiveCall
  readonly response: ServerResponse
  readonly turnstile: Turnstile
  readonly pace: Pace
  /** Aborts when the connection has closed, for whatever reason. */
  readonly signal: AbortSignal
  /** Added to the wait for the first byte, in ms. */
  readonly extraMs: number
  /** Set once the stream's proper end was sent: clients may hang up on it. */
  complete: boolean
  /** To be called after each change of `call`. */
  changed(): void
  /** Destroys the connection on the server's initiative. */
  breakOff(): void
}

/** Sends `body` at once, after the time that its tokens take. The fault `cut` sends half of it. */
export async function sendWhole(line: Line, status: number, headers: OutgoingHttpHeaders, body: string): Promise<void> {
  const { call, response, turnstile, pace } = line
  await turnstile.pass()
  await pace.first(line.extraMs)
  await pace.tokens(Math.max(0, call.usage.outputTokens - 1))
  if (line.signal.aborted) return
  const bytes = Buffer.from(body)
  call.status = status
  call.chunks = 1
  line.changed()
  response.writeHead(status, { 'content-type': 'application/json', ...headers, 'content-length': bytes.length })
  if (call.fault !== 'cut') {
    response.end(bytes)
    return
  }
  await write(line, bytes.subarray(0, bytes.length / 2))
  line.breakOff()
}

/**
 * Sends `frames` as they are generated, each in writes of at most `chunkBytes`. The fault `cut` destroys the socket
 * half-way.
 */
export async function sendFrames(line: Line, headers: OutgoingHttpHeaders, frames: readonly Frame[], chunkBytes: number): Promise<void> {
  const { call, response, turnstile, pace } = line
  const half = call.fault === 'cut' ? Math.ceil(frames.length / 2) : frames.length
  for (const [index, frame] of frames.slice(0, half).entries()) {
    const bytes = Buffer.from(frame.text)
    for (let start = 0; start < bytes.length; start += chunkBytes) {
      await turnstile.pass()
      if (index === 0 && start === 0) await pace.first(line.extraMs)
      else if (start === 0) await pace.tokens(frame.tokens)
      if (line.signal.aborted) return
      if (!response.headersSent) {
        call.status = 200
        response.writeHead(200, headers)
      }
      call.chunks += 1
      line.changed()
      if (frame.terminal && start + chunkBytes >= bytes.length) line.complete = true
      await write(line, bytes.subarray(start, start + chunkBytes))
    }
  }
  await turnstile.pass()
  if (line.signal.aborted) return
  if (call.fault === 'cut') line.breakOff()
  else response.end()
}

/** Waits for the socket when it is full: nothing is generated that nobody reads. */
function write(line: Line, bytes: Buffer): Promise<void> | undefined {
  const { response, signal, call } = line
  // A cut must not overtake the bytes before it.
  if (call.fault === 'cut') return untilAborted(signal, (resume) => response.write(bytes, resume))
  if (response.write(bytes) || signal.aborted) return undefined
  return untilAborted(signal, (resume) => response.once('drain', resume))
}

function untilAborted(signal: AbortSignal, start: (resume: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const resume = (): void => {
      signal.removeEventListener('abort', resume)
      resolve()
    }
    signal.addEventListener('abort', resume)
    start(resume)
  })
}

/** What the faults of a stream's content make of its frames. */
export function spoilFrames(frames: readonly Frame[], fault: string | undefined, errorFrame: () => string): readonly Frame[] {
  const half = Math.ceil(frames.length / 2)
  const middle = frames[half - 1]
  switch (fault) {
    case 'no-terminal':
      return frames.filter((frame) => !frame.terminal)
    case 'error-frame':
      return [...frames.slice(0, half), { text: errorFrame(), tokens: 0, terminal: false }]
    case 'malformed-json':
      return middle ? frames.with(half - 1, { ...middle, text: spoilFrame(middle.text) }) : frames
    default:
      return frames
  }
}

/** The frame with the end of its JSON missing, and its line ends kept. */
function spoilFrame(text: string): string {
  const ends = /[\r\n]*$/.exec(text)?.[0] ?? ''
  const content = text.slice(0, text.length - ends.length)
  return content.slice(0, Math.ceil(content.length * 0.75)) + ends
}
