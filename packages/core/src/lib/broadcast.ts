/** A broadcast: one writer, any number of readers, each of whom gets every chunk from the first one, live. */

export type BroadcastStep =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'done' }
  | { readonly kind: 'aborted' }

export interface BroadcastReader {
  /** The next chunk, at once if it is there already. */
  next(): BroadcastStep | Promise<BroadcastStep>
  /** Leaves; idempotent. A pending `next` answers `aborted`. */
  cancel(): void
}

export interface Broadcast {
  write(chunk: Uint8Array): void
  /** Everything was written. Readers finish after their last chunk. */
  end(): void
  /** The writer broke off. Readers get the chunks written so far, then `aborted`. */
  abort(): void
  /** Today's readers get the chunks written so far, then `aborted`; the writer goes on. */
  cut(): void
  /** False once chunks were let go (over the bound): a new reader could not start at the first byte. */
  readonly joinable: boolean
  readonly readers: number
  /** Everything written so far in one piece of its own memory, or undefined once chunks were let go. */
  bytes(): Uint8Array | undefined
  /** @param onLeave called once, when the reader cancels before its end or falls behind the bound */
  subscribe(onLeave: () => void): BroadcastReader
}

/**
 * Keeps all chunks up to `maxBytes`, so that readers may join at any time. Beyond it no one may join, chunks
 * that all readers have are let go, and a reader that lags more than `maxBytes` is cut off, so that one slow
 * client cannot hold an endless answer in memory.
 */
export function createBroadcast(maxBytes: number): Broadcast {
  const chunks: Uint8Array[] = []
  const cursors = new Set<Cursor>()
  let first = 0 // index of chunks[0] in the whole stream
  let total = 0
  let held = 0 // bytes with the objects that hold them: a million one-byte chunks are not one megabyte
  let state: 'open' | 'ended' | 'aborted' = 'open'
  let joinable = true

  interface Cursor {
    at: number
    /** Index at which this reader is cut off. */
    until: number
    read: number
    wake: ((step: BroadcastStep) => void) | undefined
    onLeave: () => void
  }

  function stepOf(cursor: Cursor): BroadcastStep | undefined {
    if (cursor.at >= cursor.until) return ABORTED
    const bytes = chunks[cursor.at - first]
    if (bytes) {
      cursor.at++
      cursor.read += bytes.byteLength
      return { kind: 'chunk', bytes }
    }
    if (state === 'open') return undefined
    return state === 'ended' ? DONE : ABORTED
  }

  function wakeAll(): void {
    for (const cursor of [...cursors]) {
      if (!cursor.wake) continue
      const step = stepOf(cursor)
      if (!step) continue
      const wake = cursor.wake
      cursor.wake = undefined
      wake(step)
    }
  }

  function leave(cursor: Cursor): void {
    if (!cursors.delete(cursor)) return
    cursor.wake?.(ABORTED)
    cursor.wake = undefined
    cursor.onLeave()
  }

  function letGo(): void {
    joinable = false
    for (const cursor of [...cursors]) if (total - cursor.read > maxBytes) leave(cursor)
    let needed = first + chunks.length
    for (const cursor of cursors) needed = Math.min(needed, cursor.at)
    chunks.splice(0, needed - first)
    first = needed
  }

  return {
    get joinable() {
      return joinable && state !== 'aborted'
    },
    get readers() {
      return cursors.size
    },
    bytes() {
      if (!joinable) return undefined
      const whole = new Uint8Array(total)
      let at = 0
      for (const chunk of chunks) {
        whole.set(chunk, at)
        at += chunk.byteLength
      }
      return whole
    },
    write(chunk) {
      if (state !== 'open' || chunk.byteLength === 0) return
      chunks.push(chunk)
      total += chunk.byteLength
      held += chunk.byteLength + CHUNK_OVERHEAD
      wakeAll()
      if (held > maxBytes) letGo()
    },
    end() {
      if (state !== 'open') return
      state = 'ended'
      wakeAll()
    },
    abort() {
      if (state !== 'open') return
      state = 'aborted'
      wakeAll()
    },
    cut() {
      for (const cursor of cursors) cursor.until = first + chunks.length
      wakeAll()
    },
    subscribe(onLeave) {
      const cursor: Cursor = { at: first, until: Number.POSITIVE_INFINITY, read: total - remaining(chunks), wake: undefined, onLeave }
      cursors.add(cursor)
      return {
        next() {
          if (!cursors.has(cursor)) return ABORTED
          const step = stepOf(cursor)
          if (step) {
            if (step.kind !== 'chunk') cursors.delete(cursor)
            return step
          }
          return new Promise((resolve) => {
            cursor.wake = (woken) => {
              if (woken.kind !== 'chunk') cursors.delete(cursor)
              resolve(woken)
            }
          })
        },
        cancel() {
          leave(cursor)
        },
      }
    },
  }
}

function remaining(chunks: readonly Uint8Array[]): number {
  let bytes = 0
  for (const chunk of chunks) bytes += chunk.byteLength
  return bytes
}

const CHUNK_OVERHEAD = 64
const DONE: BroadcastStep = Object.freeze({ kind: 'done' })
const ABORTED: BroadcastStep = Object.freeze({ kind: 'aborted' })
