/** The course of one run: what stops it, and what its loop waits for. */

import type { WarmStop } from '../../events.js'
import type { Clock } from '../../ports.js'

export interface Course {
  /** Why nothing more is sent; undefined while it goes on. */
  readonly stop: WarmStop | undefined
  /** The first reason counts. */
  halt(reason: WarmStop): void
  /** Something ended: whoever waits looks again. */
  wake(): void
  /** Resolves at the next `wake` or `halt`, or after `ms`. One waits at a time. */
  changed(ms?: number): Promise<void>
  /** What `work` resolves with, unless the run is stopped first. */
  unlessStopped<T>(work: T | PromiseLike<T>): Promise<T | undefined>
  /** Aborted when what is running is to be broken off. */
  readonly cut: AbortSignal
  /** Everything is over. */
  end(): void
}

export interface CourseOptions {
  readonly clock: Clock
  /** Nothing more is sent; what is running has ten seconds to end. */
  readonly signal: AbortSignal | undefined
  /** What is running is broken off at once. */
  readonly closing: AbortSignal
}

export function createCourse({ clock, signal, closing }: CourseOptions): Course {
  const cut = new AbortController()
  let stop: WarmStop | undefined
  let notify: () => void = () => undefined
  let cancelGrace: () => void = () => undefined
  let tellStopped: () => void = () => undefined
  const stopped = new Promise<undefined>((resolve) => {
    tellStopped = () => resolve(undefined)
  })

  function halt(reason: WarmStop): void {
    stop ??= reason
    tellStopped()
    notify()
  }
  function onSignal(): void {
    halt('signal')
    cancelGrace = clock.schedule(GRACE_MS, () => cut.abort())
  }
  function onClosing(): void {
    halt('closed')
    cut.abort()
  }

  if (closing.aborted) onClosing()
  else if (signal?.aborted) halt('signal')
  closing.addEventListener('abort', onClosing, { once: true })
  signal?.addEventListener('abort', onSignal, { once: true })

  return {
    get stop() {
      return stop
    },
    halt,
    wake: () => notify(),
    async changed(ms) {
      let cancel: (() => void) | undefined
      await new Promise<void>((resolve) => {
        notify = resolve
        if (ms !== undefined) cancel = clock.schedule(ms, resolve)
      })
      cancel?.()
    },
    async unlessStopped(work) {
      const value = await Promise.race([work, stopped])
      return stop ? undefined : value
    },
    cut: cut.signal,
    end() {
      cancelGrace()
      closing.removeEventListener('abort', onClosing)
      signal?.removeEventListener('abort', onSignal)
    },
  }
}

const GRACE_MS = 10_000
