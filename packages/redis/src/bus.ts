/**
 * Invalidations for the memories of all processes: a push that is fast but may get lost, and a journal that is read at a
 * fixed pace and finds whatever the push did not bring. Where the journal itself has a gap, listeners hear `lost`.
 */

import { createHash } from 'node:crypto'
import type { BusMessage, Clock, InvalidationBus } from '@llm-cache/core'
import { within } from './deadline.js'
import type { KeyNames } from './keys.js'
import type { Link } from './link.js'
import { JOURNAL, PUBLISH } from './scripts.js'
import type { Subscriber } from './subscriber.js'

export interface BusContext {
  readonly link: Link
  readonly names: KeyNames
  readonly subscriber: Subscriber
  readonly clock: Clock
  readonly boundMs: number
  /** Names this process: it does not hear its own messages. */
  readonly processId: string
}

type JournalEntry = readonly [id: string, fields: readonly string[]]
type Heard = BusMessage | { readonly kind: 'lost' }

export interface Bus {
  readonly bus: InvalidationBus
  /** Tells this process too: of what was done to the store behind its cache's back. Rejects as `publish` does. */
  tellAll(message: BusMessage): Promise<void>
  close(): void
}

export function createBus(context: BusContext): Bus {
  const { link, names, subscriber, clock, boundMs, processId } = context
  // Less than the bound: the answer takes its time as well.
  const pollMs = Math.ceil(boundMs * 0.75)
  let listener: ((message: Heard) => void) | undefined
  let stopPush: (() => void) | undefined
  let cancelPoll: (() => void) | undefined
  let closed = false
  /** Id of the last journal entry read; undefined before the first. */
  let last: string | undefined
  let anchored = false
  let subscribedAt = 0
  /** Ids that the push brought and the journal has not yet. */
  const pushed = new Set<string>()
  let reading: Promise<void> | undefined
  let nextReading: Promise<void> | undefined

  function hear(message: Heard): void {
    try {
      listener?.(message)
    } catch {}
  }

  function deliver(process: string, text: string): void {
    const message = process === processId ? undefined : parseMessage(text)
    if (message) hear(message)
  }

  function onPush(raw: string): void {
    const [id, process, text] = splitPush(raw)
    if (id === undefined || process === undefined || text === undefined) {
      // Not said by any of us, or changed on its way: then the journal has it as it was.
      subscriber.check()
      return
    }
    // The journal may have been faster.
    if (pushed.has(id) || (last !== undefined && !isAfter(id, last))) return
    if (pushed.size < MAX_PUSHED) pushed.add(id)
    deliver(process, text)
  }

  /** Writes a mark of its own to the journal, from which it is read on: a journal that has lost the mark has a gap. */
  async function anchor(): Promise<void> {
    const id = await within(clock, READ_MS, publish('{}', ''))
    // At the start nothing can be lost that the journal still has: whatever was said since `subscribe`, and a little before.
    if (anchored) hear({ kind: 'lost' })
    else await readSince(Number.parseInt(id, 10) - (clock.monotonic() - subscribedAt) - MARGIN_MS, id)
    last = id
    anchored = true
    pushed.clear()
  }

  async function readSince(time: number, end: string): Promise<void> {
    let from = `${Math.max(0, Math.floor(time))}`
    for (;;) {
      const page = await readPage(from, end)
      for (const entry of page) deliverEntry(entry)
      const [next] = page.at(-1) ?? []
      if (page.length < PAGE || next === undefined) return
      from = `(${next}`
    }
  }

  async function readPage(from: string, end: string): Promise<readonly JournalEntry[]> {
    const reply = link.run(JOURNAL, [names.log], from, end, `${PAGE}`)
    return (await within(clock, READ_MS, reply)) as readonly JournalEntry[]
  }

  function deliverEntry([id, fields]: JournalEntry): void {
    if (pushed.delete(id)) return
    const { p, m } = fieldsOf(fields)
    if (p !== undefined && m !== undefined) deliver(p, m)
  }

  async function read(): Promise<void> {
    for (;;) {
      if (last === undefined) return anchor()
      const page = await readPage(last, '+')
      if (closed) return
      if (page[0]?.[0] !== last) {
        last = undefined
        continue
      }
      for (const entry of page.slice(1)) {
        last = entry[0]
        deliverEntry(entry)
      }
      if (page.length < PAGE) return
    }
  }

  /** Reads from now on: what is being read already may not have what was said just now. */
  function readNow(): Promise<void> {
    if (!reading) {
      reading = read().finally(() => {
        reading = undefined
      })
      return reading
    }
    nextReading ??= reading
      .catch(() => {})
      .then(() => {
        nextReading = undefined
        return readNow()
      })
    return nextReading
  }

  function poll(): void {
    readNow()
      // What could not be read now is read later: the journal still has it, or the gap shows.
      .catch(() => {})
      .finally(() => {
        if (closed) return
        subscriber.refresh()
        cancelPoll = clock.schedule(pollMs, poll)
      })
  }

  async function publish(text: string, channel: string): Promise<string> {
    const id = await link.run(PUBLISH, [names.log], processId, text, `${JOURNAL_LENGTH}`, `${JOURNAL_MS}`, channel)
    if (typeof id !== 'string') throw new Error('Redis did not take the message.')
    return id
  }

  async function tell(message: BusMessage): Promise<void> {
    await publish(JSON.stringify(formatMessage(message)), names.bus)
  }

  return {
    bus: {
      boundMs,
      publish: tell,
      async caughtUp() {
        if (closed) throw new Error('The Redis store is closed.')
        // Nobody hears anything: all that is left to say is whether Redis answers.
        if (!listener) await within(clock, READ_MS, link.run(JOURNAL, [names.log], '-', '+', '1'))
        else await readNow()
        if (closed) throw new Error('The Redis store is closed.')
      },
      subscribe(callback) {
        if (closed) throw new Error('The Redis store is closed.')
        if (listener) throw new Error('This Redis store is in use by another cache already: give each cache a store of its own.')
        listener = callback
        subscribedAt = clock.monotonic()
        stopPush = subscriber.listen(names.bus, onPush, () => {})
        poll()
      },
    },
    async tellAll(message) {
      hear(message)
      await tell(message)
    },
    close() {
      closed = true
      listener = undefined
      stopPush?.()
      cancelPoll?.()
    },
  }
}

function formatMessage(message: BusMessage): Record<string, unknown> {
  switch (message.kind) {
    case 'changed':
      return { c: message.key }
    case 'deleted':
      return { d: message.key }
    case 'erased':
      return { e: message.prefix }
    case 'scanned':
      return { s: message.prefix, x: message.selector }
    case 'retired':
      return { r: message.guards, t: message.at, ...(message.removal && { k: 1 }) }
  }
}

/** Undefined for what is not understood: the marks of others, and messages of later versions. */
function parseMessage(text: string): BusMessage | undefined {
  try {
    const { c, d, e, s, x, r, t, k } = JSON.parse(text) as Readonly<Record<string, unknown>>
    if (typeof c === 'string') return { kind: 'changed', key: c }
    if (typeof d === 'string') return { kind: 'deleted', key: d }
    if (typeof e === 'string') return { kind: 'erased', prefix: e }
    if (typeof s === 'string' && typeof x === 'string') return { kind: 'scanned', prefix: s, selector: x }
    if (Array.isArray(r) && r.every((guard) => typeof guard === 'string') && typeof t === 'number')
      return { kind: 'retired', guards: r, at: t, ...(k === 1 && { removal: true }) }
  } catch {}
  return undefined
}

/** `<SHA-1 of the rest> <id> <process> <message>` */
function splitPush(raw: string): readonly (string | undefined)[] {
  const digest = raw.indexOf(' ')
  const said = raw.slice(digest + 1)
  const first = said.indexOf(' ')
  const second = said.indexOf(' ', first + 1)
  if (digest < 0 || first < 0 || second < 0) return []
  if (createHash('sha1').update(said).digest('hex') !== raw.slice(0, digest)) return []
  return [said.slice(0, first), said.slice(first + 1, second), said.slice(second + 1)]
}

/** Whether a stream id, `<ms>-<number>`, comes after another. */
function isAfter(id: string, other: string): boolean {
  const [ms = 0, number = 0] = id.split('-').map(Number)
  const [otherMs = 0, otherNumber = 0] = other.split('-').map(Number)
  return ms === otherMs ? number > otherNumber : ms > otherMs
}

function fieldsOf(fields: readonly string[]): { readonly p?: string; readonly m?: string } {
  const found: { p?: string; m?: string } = {}
  for (let at = 0; at + 1 < fields.length; at += 2) {
    if (fields[at] === 'p') found.p = fields[at + 1] as string
    if (fields[at] === 'm') found.m = fields[at + 1] as string
  }
  return found
}

const PAGE = 512
const MAX_PUSHED = 8192
const READ_MS = 5000
/** What Redis' clock may differ by between two of its nodes, and the time that a message is under way. */
const MARGIN_MS = 1000
const JOURNAL_LENGTH = 100_000
const JOURNAL_MS = 24 * 3_600_000
