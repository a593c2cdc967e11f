/** Node streams on both sides of a recorder, for frameworks whose handlers answer with a stream (Koa). */

import { Readable, Transform } from 'node:stream'
import type { ChunkSource, Recorder } from '../exchange.js'
import type { Hold } from './hold.js'

/**
 * The stream to send in place of `source`; `recorder` gets what passes, and the end or the break. Frameworks destroy bodies
 * when the client leaves: while `hold` keeps that from the handler, destroying either stream is put off.
 */
export function recordStream(source: Readable, recorder: Recorder, hold: Hold): Readable {
  const hadErrorListener = source.listenerCount('error') > 0
  const tapped = new Transform({
    transform(chunk: Uint8Array | string, encoding, callback) {
      // In memory of their own: the handler may use its buffer again.
      recorder.write(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Uint8Array.from(chunk))
      callback(null, chunk)
    },
    flush(callback) {
      callback()
      recorder.end()
    },
  })
  source.once('error', (error) => {
    recorder.abort('origin-error')
    // Koa 2 listens on the handler's stream itself and would report the error twice.
    tapped.destroy(hadErrorListener ? undefined : error)
  })
  const onClose = (): void => {
    if (source.readableEnded) return
    recorder.abort('origin-error')
    tapped.destroy(new Error('The stream that was to be the body was closed before its end'))
  }
  if (source.destroyed) process.nextTick(onClose)
  else source.once('close', onClose)
  tapped.once('close', () => source.destroy())
  readWithin(source, recorder)
  putOffDestroy(source, hold)
  putOffDestroy(tapped, hold)
  return source.pipe(tapped)
}

/** A generator as a body asks the model when it is read: after the handler returned, and outside of its context. */
function readWithin(source: Readable, recorder: Recorder): void {
  const read: Readable['_read'] | undefined = source._read
  if (!read) return
  source._read = (size) => recorder.run(() => read.call(source, size))
}

/** A reply's chunks as a stream, pulled as its reader asks for them. */
export function streamOf(source: ChunkSource): Readable {
  return new Readable({
    async read() {
      const step = await source.next()
      if (this.destroyed) return
      if (step.kind === 'chunk') this.push(step.bytes)
      else if (step.kind === 'done') this.push(null)
      // A cut connection is the only honest sign of a cut answer.
      else this.destroy(new Error('The answer that this request was waiting for broke off'))
    },
    destroy(error, callback) {
      source.cancel()
      callback(error)
    },
  })
}

/** While `hold` keeps from the handler that its client left, destroying `stream` waits. */
export function putOffDestroy(stream: Readable, hold: Hold): void {
  const destroy = stream.destroy
  stream.destroy = function patchedDestroy(error?: Error) {
    const now = (): Readable => Reflect.apply(destroy, stream, [error])
    return error === undefined && hold.defer(now) ? stream : now()
  }
}

/** Resolves once there is something to read, and takes none of it. */
export function hasFirstByte(stream: Readable): Promise<boolean> {
  if (stream.readableLength > 0) return Promise.resolve(true)
  if (stream.destroyed || stream.readableEnded) return Promise.resolve(false)
  return new Promise((resolve) => {
    const settle = (): void => {
      for (const name of EVENTS) stream.off(name, settle)
      // It is told of by what it is, not by an event: an ended stream is readable as well.
      if (stream.readableLength === 0) stream.on('error', () => undefined)
      resolve(stream.readableLength > 0)
    }
    for (const name of EVENTS) stream.once(name, settle)
  })
}

const EVENTS = ['readable', 'end', 'error', 'close'] as const

export function isNodeStream(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && typeof (body as { pipe?: unknown }).pipe === 'function'
}
