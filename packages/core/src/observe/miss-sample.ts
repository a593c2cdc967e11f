/**
 * What a sample of the misses has in common with requests before it: would they have been hits if requests that differ by case and
 * layout were the same, or if callers shared? Keeps digests alone, and of few requests; works after the miss went to its handler.
 */

import { LRUCache } from 'lru-cache'
import { fingerprintInput } from '../engine/keys.js'
import type { Lookedup, TrafficListener } from '../engine/traffic.js'
import type { RequestBody } from '../exchange.js'
import { type FingerprintInput, fingerprint } from '../fingerprint/fingerprint.js'
import { atMost } from '../lib/at-most.js'
import { isThenable } from '../lib/deadline.js'
import { NO_CONTROLS, parseControls } from '../policy/controls.js'
import type { Clock } from '../ports.js'
import type { Removal } from '../stores/hearing.js'

/** Counts of misses of requests that asked for nothing special (no directives), since the cache was created. */
export interface MissCounts {
  readonly seen: number
  /** How many of these were compared with requests before them. The counts below are of these. */
  readonly sampled: number
  /** The same caller's same request came before, within its lifetime: its answer was not stored, or is gone already. */
  readonly repeated: number
  /** Of those, within a second and on a route with collapsing off. */
  readonly simultaneous: number
  /** The same caller's request before differs only by case, layout, sampling parameters or defaults written out. */
  readonly loosened: number
  /** Another caller's request before was the same, and partitions are private. */
  readonly sharable: number
}

export interface MissSample {
  readonly listen: TrafficListener
  read(): MissCounts
  /** Lets go of digests under keys that were removed. */
  forget(removal: Removal): void
  close(): void
}

interface Job {
  readonly input: FingerprintInput
  readonly key: string
  readonly isPrivate: boolean
  readonly collapses: boolean
  readonly ttlMs: number
  /** Monotonic. */
  readonly at: number
}

interface Earlier {
  readonly key: string
  readonly at: number
}

/** Misses that are compared in each minute. */
const PER_MINUTE = 600
/** Requests that are remembered, in each of three ways: about 1 MB in all. */
const REMEMBERED = 2000
const MAX_BODY_BYTES = 32 * 1024
const MAX_WAITING = 64
const AT_ONCE = 8
const MINUTE_MS = 60_000
const SIMULTANEOUS_MS = 1000

export function createMissSample(clock: Clock): MissSample {
  const count = { seen: 0, sampled: 0, repeated: 0, simultaneous: 0, loosened: 0, sharable: 0 }
  const waiting: Job[] = []
  let memory: ReturnType<typeof createMemory> | undefined
  let cancel: (() => void) | undefined
  let minuteFrom = Number.NEGATIVE_INFINITY
  let left = 0
  let closed = false

  function mayTake(now: number): boolean {
    if (now - minuteFrom >= MINUTE_MS) {
      minuteFrom = now
      left = PER_MINUTE
    }
    if (left === 0 || waiting.length >= MAX_WAITING) return false
    left--
    return true
  }

  function take({ request, rule, key }: Lookedup): void {
    if (parseControls((name) => request.header(name), rule.controls) !== NO_CONTROLS) return
    count.seen++
    const at = clock.monotonic()
    if (!mayTake(at)) return
    const body = request.body(rule.maxBodyBytes)
    if (!isThenable(body)) wait(body)
    else body.then(quietly(wait), () => undefined)

    function wait(read: RequestBody): void {
      const kept = snapshot(read, Number(request.header('content-length')))
      if (!kept || closed) return
      const input = fingerprintInput(request, rule, key.split('.')[1] as string, kept)
      const isPrivate = rule.partition.scheme.startsWith('private')
      waiting.push({ input, key, isPrivate, collapses: rule.collapseMs !== undefined, ttlMs: rule.ttlMs, at })
      cancel ??= clock.schedule(0, work)
    }
  }

  function work(): void {
    for (const job of waiting.splice(0, AT_ONCE)) compare(job)
    cancel = waiting.length > 0 ? clock.schedule(0, work) : undefined
  }

  function compare({ input, key, isPrivate, collapses, ttlMs, at }: Job): void {
    const loose = fingerprint({ ...input, normalize: 'loose' })
    if (loose.kind !== 'key') return
    memory ??= createMemory()
    const request = key.slice(key.lastIndexOf('.') + 1)
    const alive = (earlier: Earlier | undefined): earlier is Earlier => earlier !== undefined && at - earlier.at < ttlMs
    const another = (earlier: Earlier | undefined): boolean => alive(earlier) && earlier.key !== key
    const same = memory.byKey.get(key)
    count.sampled++
    if (alive(same)) {
      count.repeated++
      if (!collapses && at - same.at < SIMULTANEOUS_MS) count.simultaneous++
    } else {
      if (another(memory.byLoose.get(loose.key))) count.loosened++
      if (isPrivate && another(memory.byRequest.get(request))) count.sharable++
    }
    const earlier: Earlier = { key, at }
    memory.byKey.set(key, earlier)
    memory.byLoose.set(loose.key, earlier)
    memory.byRequest.set(request, earlier)
  }

  return {
    listen: quietly((looked) => {
      if (looked.outcome === 'miss' && !closed && !looked.shape.refresh) take(looked)
    }),
    read() {
      for (const job of waiting.splice(0)) compare(job)
      return { ...count }
    },
    forget(removal) {
      if ('meant' in removal && removal.meant) return
      const isGone = 'keys' in removal ? (key: string) => removal.keys.has(key) : (key: string) => key.startsWith(removal.prefix)
      waiting.splice(0, waiting.length, ...waiting.filter(({ key }) => !isGone(key)))
      for (const table of Object.values(memory ?? {})) {
        for (const [digest, earlier] of table.entries()) if (isGone(earlier.key)) table.delete(digest)
      }
    },
    close() {
      closed = true
      cancel?.()
      waiting.length = 0
      memory = undefined
    },
  }
}

/** A body that cannot be written down is not compared. */
function quietly<T>(work: (value: T) => void): (value: T) => void {
  return (value) => {
    try {
      work(value)
    } catch {
      return
    }
  }
}

/** Made at the first miss: most caches of an app with many hardly see one. */
function createMemory(): Readonly<Record<'byKey' | 'byLoose' | 'byRequest', LRUCache<string, Earlier>>> {
  const table = (): LRUCache<string, Earlier> => new LRUCache(atMost(REMEMBERED))
  return { byKey: table(), byLoose: table(), byRequest: table() }
}

const encoder = new TextEncoder()

/** The body as it is now, for handlers change what a parser made of it; undefined where it is too large or cannot be had. */
function snapshot(body: RequestBody, contentLength: number): RequestBody | undefined {
  switch (body.kind) {
    case 'none':
      return body
    case 'bytes':
      return body.bytes.byteLength <= MAX_BODY_BYTES ? body : undefined
    case 'parsed':
      if (!(contentLength <= MAX_BODY_BYTES)) return undefined
      return typeof body.value === 'string' ? body : { kind: 'bytes', bytes: encoder.encode(JSON.stringify(body.value)) }
    case 'unreadable':
      return undefined
  }
}
