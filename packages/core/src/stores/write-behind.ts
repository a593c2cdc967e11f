/**
 * Writes that wait for an asynchronous store: bounded, one at a time for each key, none lost without a word. A write that fails
 * while the store takes writes has failed; one that fails as the store goes down, or as its probe, waits for another turn.
 */

import { checkNames, countOf } from '../checks.js'
import { type Entry, entryBytes } from '../entry/entry.js'
import type { Clock } from '../ports.js'
import type { Fence } from '../sharing.js'

/** Writes that wait for an asynchronous store, and those under way: the bounds hold for both together. */
export interface QueueOptions {
  /** Most writes. @default 1000 */
  readonly maxItems?: number | undefined
  /** Most bytes, as `entryBytes` counts them. @default 16_777_216 (16 MiB) */
  readonly maxBytes?: number | undefined
  /** Most writes under way at once. @default 16 */
  readonly concurrency?: number | undefined
}

export type QueueConfig = { readonly [name in keyof QueueOptions]-?: number }

/** @throws OptionError on unknown options and on values that are not positive integers */
export function resolveQueue(options: QueueOptions = {}): QueueConfig {
  checkNames(options, ['maxItems', 'maxBytes', 'concurrency'], 'queue')
  return {
    maxItems: countOf('queue.maxItems', options.maxItems, 1000),
    maxBytes: countOf('queue.maxBytes', options.maxBytes, 16 * 1024 * 1024),
    concurrency: countOf('queue.concurrency', options.concurrency, 16),
  }
}

/** Which writes are meant: by their key, or by what is to be written. */
export type Covers = (key: string, entry: Entry) => boolean
export type WriteOutcome = 'stored' | 'refused' | 'failed'
export type DropReason = 'overflow' | 'expired' | 'closed'

export interface WriteBehindOptions {
  readonly config: QueueConfig
  readonly clock: Pick<Clock, 'now'>
  /** Carries one write out, in bounded time. Never rejects. */
  readonly write: (entry: Entry, fence: Fence | undefined) => Promise<WriteOutcome>
  /** Whether the store takes writes now; `pump` is to be called when that becomes true. */
  readonly mayWrite: () => boolean
  readonly onDropped: (reason: DropReason, bytes: number) => void
}

/** Keys whose writes are held back. */
export interface Hold {
  /** Writes that were waiting and are dropped. */
  readonly dropped: number
  /** The writes under way that are revoked, each with what will have become of it. */
  readonly revoked: readonly { readonly key: string; readonly settled: Promise<WriteOutcome> }[]
  /** Resolves when the writes under way are over; undefined where there were none. */
  readonly settled: Promise<unknown> | undefined
  /** Lets later writes go on. */
  release(): void
}

export interface WriteBehind {
  readonly items: number
  readonly bytes: number
  /** The write takes its turn. `dropped` says that it never will: a newer one of its key, a hold, or what `onDropped` tells. */
  push(entry: Entry, fence: Fence | undefined): Promise<WriteOutcome | 'dropped'>
  /** The newest entry under `key` that waits or is under way, if its time is not over. */
  peek(key: string): Entry | undefined
  /** Drops the waiting writes of these keys. Those under way answer 'dropped' too: whoever holds undoes them. Later ones wait. */
  hold(covers: Covers): Hold
  /** Starts what may start. */
  pump(): void
  /**
   * Writes one although the store may not take it: the newest, of those that failed least in this way. Answers whether it worked;
   * undefined when there is none.
   */
  probe(): Promise<boolean> | undefined
  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void>
  /** Drops what waits and whatever comes later, as 'closed'. */
  close(): void
}

interface Item {
  readonly entry: Entry
  readonly fence: Fence | undefined
  readonly bytes: number
  readonly resolve: (outcome: WriteOutcome | 'dropped') => void
  /** Somebody deletes the key meanwhile. */
  revoked: boolean
  failedProbes: number
  /** Set while it is under way. */
  settled?: Promise<WriteOutcome>
}

export function createWriteBehind(options: WriteBehindOptions): WriteBehind {
  const { config, clock } = options
  /** In the order of their coming. */
  const waiting = new Map<string, Item>()
  const underWay = new Map<string, Item>()
  const holds = new Set<Covers>()
  let bytes = 0
  let closed = false
  let idle: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined

  function leave(item: Item, outcome: WriteOutcome | 'dropped', reason?: DropReason): void {
    bytes -= item.bytes
    if (reason) options.onDropped(reason, item.bytes)
    item.resolve(outcome)
    if (waiting.size + underWay.size > 0) return
    idle?.resolve()
    idle = undefined
  }

  function drop(key: string, item: Item, reason?: DropReason): void {
    waiting.delete(key)
    leave(item, 'dropped', reason)
  }

  function enqueue(item: Item): void {
    const { key } = item.entry
    const older = waiting.get(key)
    if (older) drop(key, older)
    bytes += item.bytes
    waiting.set(key, item)
    // What can never fit takes nobody else's place.
    if (underWay.size >= config.maxItems || bytesUnderWay() + item.bytes > config.maxBytes) {
      drop(key, item, 'overflow')
      return
    }
    for (const [oldest, each] of waiting) {
      if (waiting.size + underWay.size <= config.maxItems && bytes <= config.maxBytes) break
      drop(oldest, each, 'overflow')
    }
  }

  function bytesUnderWay(): number {
    let sum = 0
    for (const item of underWay.values()) sum += item.bytes
    return sum
  }

  const isLive = (item: Item): boolean => item.entry.deleteAt > clock.now()

  function mayStart(key: string, { entry }: Item): boolean {
    if (underWay.has(key)) return false
    for (const covers of holds) if (covers(key, entry)) return false
    return true
  }

  async function carryOut(key: string, item: Item, isProbe: boolean): Promise<boolean> {
    waiting.delete(key)
    underWay.set(key, item)
    const written = options.write(item.entry, item.fence)
    item.settled = written
    const outcome = await written
    underWay.delete(key)
    const works = outcome !== 'failed'
    if (works) leave(item, item.revoked && outcome === 'stored' ? 'dropped' : outcome)
    else if (item.revoked || waiting.has(key)) leave(item, 'dropped')
    else if (closed) leave(item, 'dropped', 'closed')
    else if (options.mayWrite() || item.failedProbes >= MOST_PROBES) leave(item, 'failed')
    else {
      if (isProbe) item.failedProbes += 1
      waiting.set(key, item)
    }
    pump()
    return works
  }

  function pump(): void {
    if (waiting.size === 0 || underWay.size >= config.concurrency) return
    for (const [key, item] of waiting) {
      if (underWay.size >= config.concurrency || !options.mayWrite()) return
      if (!isLive(item)) drop(key, item, 'expired')
      else if (mayStart(key, item)) void carryOut(key, item, false)
    }
  }

  return {
    get items() {
      return waiting.size + underWay.size
    },
    get bytes() {
      return bytes
    },
    push(entry, fence) {
      return new Promise((resolve) => {
        const item: Item = { entry, fence, bytes: entryBytes(entry), resolve, revoked: false, failedProbes: 0 }
        if (closed) {
          options.onDropped('closed', item.bytes)
          resolve('dropped')
          return
        }
        enqueue(item)
        pump()
      })
    },
    peek(key) {
      if (bytes === 0) return undefined
      const item = waiting.get(key) ?? underWay.get(key)
      return item && !item.revoked && isLive(item) ? item.entry : undefined
    },
    hold(covers) {
      const dropped = [...waiting].filter(([key, { entry }]) => covers(key, entry))
      for (const [key, item] of dropped) drop(key, item)
      const revoked: { readonly key: string; readonly settled: Promise<WriteOutcome> }[] = []
      for (const [key, item] of underWay) {
        if (!covers(key, item.entry)) continue
        item.revoked = true
        if (item.settled) revoked.push({ key, settled: item.settled })
      }
      holds.add(covers)
      return {
        dropped: dropped.length,
        revoked,
        settled: revoked.length > 0 ? Promise.all(revoked.map(({ settled }) => settled)) : undefined,
        release() {
          holds.delete(covers)
          pump()
        },
      }
    },
    pump,
    probe() {
      let best: Item | undefined
      for (const [key, item] of waiting) {
        if (!isLive(item)) drop(key, item, 'expired')
        else if (mayStart(key, item) && item.failedProbes <= (best?.failedProbes ?? MOST_PROBES)) best = item
      }
      return best && carryOut(best.entry.key, best, true)
    },
    idle() {
      if (waiting.size + underWay.size === 0) return Promise.resolve()
      idle ??= deferred()
      return idle.promise
    },
    close() {
      closed = true
      for (const [key, item] of waiting) drop(key, item, 'closed')
    },
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** An entry that keeps the store from being found well is not written in the end. */
const MOST_PROBES = 10
