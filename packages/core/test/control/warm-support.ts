/** An app and an engine in one: what is sent to it is settled as `answer` says. */

import { createWarmer, type Warmer, type WarmerOptions } from '../../src/control/warm/warm.js'
import { createDetachedTable, type DetachedResult } from '../../src/engine/detached.js'
import { createEmitter } from '../../src/engine/emitter.js'
import type { CacheEvent } from '../../src/events.js'
import type { DetachedRequest } from '../../src/exchange.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'

export interface Sent {
  readonly request: DetachedRequest
  readonly signal: AbortSignal | undefined
  /** Of a body `{ n }`. */
  readonly n: number
}

/** What became of a request: a result, and the status where it is not 200; a status alone: the app refused it before the cache saw it. */
export type Answer = DetachedResult | number | { readonly result: DetachedResult; readonly status: number } | 'silence' | undefined

export interface FakeApp {
  readonly warmer: Warmer
  readonly clock: ManualClock
  readonly events: CacheEvent[]
  readonly sent: Sent[]
  /** Most requests that were under way at once. */
  readonly peak: () => number
}

export const stored = (usd?: number, tokens?: number): DetachedResult => ({ kind: 'stored', entryId: 'e', tokens, usd })

export function fakeApp(answer: (sent: Sent, count: number) => Answer | Promise<Answer>, more: Partial<WarmerOptions> = {}): FakeApp {
  const clock = createManualClock()
  const detached = createDetachedTable(clock)
  const emitter = createEmitter(clock.now)
  const events: CacheEvent[] = []
  emitter.on((event) => events.push(event))
  const sent: Sent[] = []
  let running = 0
  let peak = 0
  const warmer = createWarmer({
    clock,
    emitter,
    detached,
    popular: () => {
      throw new Error('none are kept')
    },
    dispatchTo: () => async (request, options) => {
      const one: Sent = { request, signal: options?.signal, n: Number(/"n":(\d+)/.exec(new TextDecoder().decode(request.body))?.[1] ?? 0) }
      sent.push(one)
      peak = Math.max(peak, ++running)
      const answered = await answer(one, sent.length)
      running--
      if (answered === undefined || typeof answered === 'number') return answered
      if (answered === 'silence') {
        detached.take(options?.mark)
        return 200
      }
      const { result, status } = 'result' in answered ? answered : { result: answered, status: 200 }
      detached.take(options?.mark)?.settle(result)
      return status
    },
    ...more,
  })
  return { warmer, clock, events, sent, peak: () => peak }
}

/** `count` requests with bodies `{ n: 1 }`, `{ n: 2 }`, ... */
export function prompts(count: number): { url: string; body: { n: number } }[] {
  return Array.from({ length: count }, (_, index) => ({ url: '/chat', body: { n: index + 1 } }))
}

/** Enough turns for what is ready to be done. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export interface Held<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
}

export function held<T>(): Held<T> {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
