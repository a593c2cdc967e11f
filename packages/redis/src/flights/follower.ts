/** Another process's answer, read from its stream: woken by its pushes, and by a clock in case they are lost. */

import type { RemoteFlight, RemoteStep } from '@llm-cache/core'
import { within } from '../deadline.js'
import type { FlightContext } from './context.js'
import { recordCodec, unpackSteps } from './records.js'

export function createFollower(context: FlightContext, key: string, flightId: string): RemoteFlight {
  const { link, names, subscriber, clock, timing } = context
  const name = names.flight(key, flightId)
  const codec = recordCodec(context.codec(), key, flightId)
  const steps: RemoteStep[] = []
  /** Where to read on. */
  let after = '-'
  /** Number of the record that comes next. */
  let expected = 0
  /** When the stream was last read, or else asked for. */
  let readAt = clock.monotonic()
  /** Nothing more can be read: after what was read until then the flight is lost. */
  let broken = false
  let over = false
  let woken = false
  let wake: (() => void) | undefined
  let stopListening: (() => void) | undefined
  let giveUp: (() => void) | undefined
  const cancelled = new Promise<true>((resolve) => {
    giveUp = () => resolve(true)
  })

  function finish(): void {
    over = true
    giveUp?.()
    stopListening?.()
    stopListening = undefined
    onWake()
  }

  function onWake(): void {
    woken = true
    wake?.()
  }

  /** Waits for a push, at the most until it is time to look anyway. */
  function rest(): Promise<void> {
    stopListening ??= subscriber.listen(name, onWake, onWake)
    return new Promise((resolve) => {
      if (woken) return resolve()
      const cancel = clock.schedule(timing.pollMs, () => wake?.())
      wake = () => {
        cancel()
        wake = undefined
        resolve()
      }
    })
  }

  async function take(fields: readonly Buffer[]): Promise<void> {
    const [first, number, second, record] = fields
    // The mark with which every stream begins.
    if (first?.toString() !== 'n' || second?.toString() !== 'd' || !number || !record) return
    const at = Number(number.toString())
    // Sent twice, since the first reply got lost.
    if (at < expected) return
    if (at > expected) throw new RangeError('A record of the flight is missing.')
    expected += 1
    steps.push(...unpackSteps(await codec.decode(record, at)))
  }

  /** Reads what is new. @returns false when nothing more will come */
  async function read(): Promise<boolean> {
    woken = false
    const reply = Promise.all([link.bytes(name, 'XRANGE', name, after, '+', 'COUNT', PAGE), link.text(name, 'EXISTS', name)])
    try {
      const [page, exists] = await within(clock, readAt + timing.leaseMs - clock.monotonic(), reply)
      readAt = clock.monotonic()
      if (!isPage(page) || typeof exists !== 'number') throw link.garbled()
      for (const [id, fields] of page) {
        after = `(${id.toString()}`
        await take(fields)
      }
      if (page.length > 0) woken = true
      return page.length > 0 || exists === 1
    } catch (error) {
      // What cannot be decoded will not become decodable; what could not be read may be readable again.
      if (error instanceof RangeError || error instanceof SyntaxError || isFrameError(error)) {
        link.check()
        return false
      }
      return clock.monotonic() - readAt < timing.leaseMs
    }
  }

  return {
    async next() {
      readAt = clock.monotonic()
      for (;;) {
        const step = over ? undefined : steps.shift()
        if (step) {
          if (TERMINAL.has(step.kind)) finish()
          return step
        }
        if (over || broken) {
          finish()
          return LOST
        }
        if (!(await Promise.race([read(), cancelled]))) broken = true
        else if (steps.length === 0 && !over && !woken) await rest()
      }
    },
    cancel() {
      if (!over) finish()
    },
  }
}

type Page = readonly (readonly [id: Buffer, fields: readonly Buffer[]])[]

/** Its content proves itself, record by record. */
function isPage(page: unknown): page is Page {
  return Array.isArray(page) && page.every((item) => Array.isArray(item) && Buffer.isBuffer(item[0]) && Array.isArray(item[1]))
}

function isFrameError(error: unknown): boolean {
  return error instanceof Error && error.name === 'FrameError'
}

const LOST: RemoteStep = { kind: 'lost' }
const TERMINAL: ReadonlySet<string> = new Set(['end', 'abort', 'alone'])
const PAGE = '64'
