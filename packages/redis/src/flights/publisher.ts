/** A leader's answer on its way to the followers: in order, in as few round trips as come about, in bounded memory. */

import { ErrorReply } from '@redis/client'
import { pause, within } from '../deadline.js'
import type { FlightContext } from './context.js'
import { type PublishedStep, packSteps, recordCodec, stepBytes } from './records.js'
import { LINGER_MS } from './timing.js'

export interface Publisher {
  /** True until the last step was sent or given up. */
  readonly busy: boolean
  /** False when the answer cannot be passed on any more: it has ended, is too large, or Redis takes it too slowly. */
  push(step: PublishedStep): boolean
  /** Drops what waits and says `step` as the last thing, once `before` is done. */
  breakOff(step: PublishedStep, before: Promise<unknown>): void
  /** Says nothing more; what waits is dropped. */
  drop(): void
  /** Resolves once nothing waits any more. */
  idle(): Promise<void>
}

type State = 'open' | 'ending' | 'done'

export interface PublisherOptions {
  readonly key: string
  readonly flightId: string
  /** Whether it is still worth trying again after a failure. */
  readonly mayGoOn: () => boolean
  /** The stream was given up, and removed as far as that is possible: nobody can follow it any more. Called at most once. */
  readonly onFailure: () => void
}

export function createPublisher(context: FlightContext, options: PublisherOptions): Publisher {
  const { key, flightId, mayGoOn, onFailure } = options
  const { link, names, clock, timing, budget, maxBytes } = context
  const name = names.flight(key, flightId)
  const codec = recordCodec(context.codec(), key, flightId)
  let state: State = 'open'
  let waiting: PublishedStep[] = []
  let total = 0
  let number = 0
  let running: Promise<void> | undefined
  let turns = 0

  function forget(steps: readonly PublishedStep[]): void {
    for (const step of steps) budget.give(stepBytes(step))
  }

  function drop(): void {
    state = 'done'
    forget(waiting)
    waiting = []
  }

  function takeBatch(): PublishedStep[] {
    let bytes = 0
    let count = 0
    while (count < waiting.length && count < BATCH_STEPS && bytes < BATCH_BYTES) {
      bytes += stepBytes(waiting[count] as PublishedStep)
      count += 1
    }
    return waiting.splice(0, count)
  }

  function fail(): void {
    if (state === 'done') return
    drop()
    link.text(name, 'DEL', name).catch(() => {})
    onFailure()
  }

  /**
   * Sends one record; again, if the connection failed: its number tells followers that they have it already. What Redis refuses
   * (out of memory, read-only) it would refuse again.
   */
  async function send(record: Uint8Array, at: number, lingerMs: number | undefined): Promise<void> {
    const giveUpAt = clock.monotonic() + timing.leaseMs
    for (;;) {
      try {
        const sent = [
          link.text(name, 'XADD', name, 'NOMKSTREAM', '*', 'n', `${at}`, 'd', record),
          lingerMs === undefined ? undefined : link.text(name, 'PEXPIRE', name, `${lingerMs}`),
          link.text(name, 'PUBLISH', name, ''),
        ]
        const [id] = await within(clock, timing.keepMs, Promise.all(sent))
        if (id !== null && typeof id !== 'string') throw link.garbled()
        // The stream is gone: followers know that already.
        if (id === null) fail()
        return
      } catch (error) {
        if (error instanceof ErrorReply || !mayGoOn() || clock.monotonic() > giveUpAt) return fail()
        await pause(clock, timing.pollMs)
        if (state === 'done') return
      }
    }
  }

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch = takeBatch()
      const lastStep = batch.at(-1) as PublishedStep
      const last = TERMINAL.has(lastStep.kind)
      try {
        const record = await codec.encode(packSteps(batch), number)
        await send(record, number, last ? (lastStep.kind === 'end' ? LINGER_MS : timing.leaseMs) : undefined)
        number += 1
        if (last) state = 'done'
      } catch {
        fail()
      } finally {
        forget(batch)
      }
    }
  }

  /** After what is under way, and `before`; sends `extra` then, and whatever waits. */
  function start(before?: Promise<unknown>, extra?: PublishedStep): void {
    const previous = running
    const turn = ++turns
    running = (async () => {
      await previous
      await before
      if (extra && state !== 'done' && budget.take(stepBytes(extra))) waiting.push(extra)
      while (waiting.length > 0) await flush()
      // At once, so that the next push finds out.
      if (turns === turn) running = undefined
    })()
  }

  return {
    get busy() {
      return state !== 'done'
    },
    push(step) {
      if (state !== 'open') return false
      const bytes = stepBytes(step)
      total += bytes
      if (total > maxBytes || !budget.take(bytes)) return false
      waiting.push(step)
      if (step.kind === 'end') state = 'ending'
      if (!running) start()
      return true
    },
    breakOff(step, before) {
      if (state === 'done') return
      state = 'ending'
      forget(waiting)
      waiting = []
      start(before, step)
    },
    drop,
    idle: async () => {
      while (running) await running
    },
  }
}

const TERMINAL: ReadonlySet<string> = new Set(['end', 'abort', 'alone'])
const BATCH_BYTES = 1024 * 1024
const BATCH_STEPS = 4096
