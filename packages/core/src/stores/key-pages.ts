/** The keys that a store lists, a page at a time: what is held is bounded, and the store may be slow between any two keys. */

import { isThenable, withDeadline } from '../lib/deadline.js'
import { createTurns } from '../lib/turn.js'
import type { Clock } from '../ports.js'

export interface KeyPage {
  readonly keys: readonly string[]
  /** There is no page after it. */
  readonly last: boolean
}

export interface KeyPages {
  /** The next page, perhaps an empty one. Waits for the first key as long as it takes. Rejects with what the store throws. */
  next(): Promise<KeyPage>
  /** Leaves the listing off, also in the middle of a page. Never throws. */
  close(): void
}

/**
 * @param list begins the listing. What it gives that does not begin with `prefix`, or is no text, is left out
 * @param lingerMs a page that has begun ends after this time, however few keys it has
 */
export function createKeyPages(
  list: (prefix: string) => Iterable<unknown> | AsyncIterable<unknown>,
  prefix: string,
  lingerMs: number,
  clock: Pick<Clock, 'monotonic' | 'schedule'>,
): KeyPages {
  const turns = createTurns(clock)
  let iterator: Steps | undefined
  /** A step that was too slow for its page and belongs to the next. */
  let waiting: PromiseLike<Step> | undefined
  let ended = false

  async function stepWithin(ms: number, work: PromiseLike<Step>): Promise<Step | typeof LATE> {
    waiting = work
    const settled = await withDeadline(work, Math.max(0, ms), clock)
    if (settled.kind === 'late') return LATE
    waiting = undefined
    if (settled.kind === 'thrown') throw settled.error
    return settled.value
  }

  return {
    async next() {
      const keys = new Set<string>()
      const until = clock.monotonic() + lingerMs
      iterator ??= begin(list(prefix))
      for (let steps = 0; !ended && keys.size < PAGE; steps++) {
        const work: Step | PromiseLike<Step> = waiting ?? iterator.next()
        let step: Step | typeof LATE
        if (!isThenable(work)) step = work
        else if (steps > 0) step = await stepWithin(until - clock.monotonic(), work as PromiseLike<Step>)
        else {
          step = await (work as PromiseLike<Step>)
          waiting = undefined
        }
        if (step === LATE) break
        if (step.done === true) ended = true
        else if (typeof step.value === 'string' && step.value.startsWith(prefix)) keys.add(step.value)
        const turn = turns()
        if (turn) await turn
        if (clock.monotonic() >= until) break
      }
      return { keys: [...keys], last: ended }
    },
    close() {
      ended = true
      try {
        const left: unknown = iterator?.return?.()
        if (isThenable(left)) left.then(undefined, () => {})
      } catch {
        // It was only to be told.
      }
    },
  }
}

interface Step {
  readonly done?: boolean | undefined
  readonly value?: unknown
}

interface Steps {
  next(): Step | PromiseLike<Step>
  return?(): unknown
}

function begin(listed: Iterable<unknown> | AsyncIterable<unknown>): Steps {
  return Symbol.asyncIterator in listed ? listed[Symbol.asyncIterator]() : listed[Symbol.iterator]()
}

const PAGE = 500
const LATE = Symbol('late')
