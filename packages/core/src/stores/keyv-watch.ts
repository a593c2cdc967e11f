/** Errors of a Keyv that come as events: taken, so that none crashes the process, and tied to the calls they belong to. */

import type { KeyvLike } from '../ports.js'

export interface KeyvWatch {
  /**
   * Calls `work` and says whether Keyv stayed silent meanwhile. Events name no call, so one that failed next to this one
   * makes this one unclean too: better than believing a write that was lost. But an error while writes are under way is theirs and
   * not a read's: a store that is full or read-only answers reads. Rejects as `work` does.
   */
  call(work: () => unknown, kind?: 'read' | 'write'): Promise<{ readonly value: unknown; readonly clean: boolean }>
  /** The store has just shown that it works: the next error is news again. */
  works(): void
  /** Stops listening once no call is under way, and leaves a listener behind that does nothing. Idempotent. */
  close(): void
}

/**
 * Keyv 6 throws where an error meets no listener, out of a socket's event even, so there must always be one.
 *
 * @param onDown called for the first error since the start or since `works`, not for each
 */
export function watchKeyv(keyv: KeyvLike, onDown: () => void): KeyvWatch {
  let errors = 0
  let errorsOfReads = 0
  let writing = 0
  let down = false
  let underWay = 0
  let closed = false
  let detach: (() => void) | undefined = listenForErrors(keyv, () => {
    errors += 1
    if (writing === 0) errorsOfReads += 1
    if (down || closed) return
    down = true
    onDown()
  })

  function detachWhenIdle(): void {
    if (!closed || underWay > 0) return
    detach?.()
    detach = undefined
  }

  return {
    async call(work, kind = 'write') {
      const isRead = kind === 'read'
      const before = isRead ? errorsOfReads : errors
      underWay += 1
      if (!isRead) writing += 1
      try {
        const value = await work()
        return { value, clean: (isRead ? errorsOfReads : errors) === before }
      } finally {
        underWay -= 1
        if (!isRead) writing -= 1
        detachWhenIdle()
      }
    },
    works() {
      down = false
    },
    close() {
      closed = true
      detachWhenIdle()
    },
  }
}

type ErrorListener = (error: unknown) => void

function listenForErrors(keyv: KeyvLike, listener: ErrorListener): () => void {
  if (typeof keyv.on !== 'function') return () => {}
  keyv.on('error', listener)
  return () => {
    const { off, listeners } = keyv as Emitter
    // The app may close its Keyv later than the cache: until then its errors must meet a listener.
    if (listeners?.call(keyv, 'error').includes(ignore) !== true) keyv.on?.('error', ignore)
    off?.call(keyv, 'error', listener)
  }
}

/** What Node's emitters and Keyv's own have besides `on`. */
interface Emitter {
  readonly off?: (event: 'error', listener: ErrorListener) => unknown
  readonly listeners?: (event: 'error') => readonly unknown[]
}

function ignore(): void {}
