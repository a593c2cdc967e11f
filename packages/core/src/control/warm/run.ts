/** One run: takes requests as they can be sent, sends them, and learns through their marks what became of them. */

import { invalid } from '../../checks.js'
import type { DetachedResult, DetachedTable } from '../../engine/detached.js'
import type { DetachedRequest, Dispatch } from '../../exchange.js'
import type { Clock } from '../../ports.js'
import { createCourse } from './course.js'
import type { WarmPlan } from './options.js'
import { createPace } from './pace.js'
import { createPurse, type WarmCost } from './purse.js'
import { readRequest, type WarmFault, type WarmRequest } from './request.js'
import { createTally, type WarmFailure, type WarmReport } from './tally.js'

/** What a run is about: requests, and how many, where that is known. */
export interface WarmItems {
  readonly items: Iterable<WarmRequest | WarmFault> | AsyncIterable<WarmRequest | WarmFault>
  readonly total: number | undefined
}

export interface RunContext {
  readonly send: Dispatch
  readonly detached: Pick<DetachedTable, 'create'>
  readonly clock: Clock
  /** Aborted when the cache is closed. */
  readonly closing: AbortSignal
}

/**
 * Never rejects for what becomes of requests. What the caller's own code throws (the source, `onProgress`), and a request of which nobody
 * knows the host, ends the run, and is thrown once what was under way is over.
 */
export async function runWarm({ items, total }: WarmItems, plan: WarmPlan, context: RunContext): Promise<WarmReport> {
  const { clock, closing, send, detached } = context
  const startedAt = clock.monotonic()
  const tally = createTally(total)
  const purse = createPurse(plan)
  const pace = createPace(plan.ratePerSecond, clock)
  const course = createCourse({ clock, closing, signal: plan.signal })
  let thrown: { readonly error: unknown } | undefined
  let running = 0
  let failuresInRow = 0

  function fail(error: unknown): void {
    thrown ??= { error }
    course.halt('end')
  }

  function progress(): void {
    try {
      plan.onProgress?.(tally.progress(clock.monotonic() - startedAt))
    } catch (error) {
      fail(error)
    }
  }

  async function launch(request: DetachedRequest, at: number): Promise<void> {
    running++
    purse.take()
    pace.used()
    const { mark, result, abandon } = detached.create()
    const status = await send(request, { mark, signal: course.cut }).catch(() => undefined)
    abandon(status)
    const settled = await result
    running--
    if (settled.kind === 'failed') unstored(settled, status, at)
    else answered(settled)
    progress()
    course.wake()
  }

  function answered(result: Exclude<DetachedResult, { kind: 'failed' }>): void {
    failuresInRow = 0
    if (result.kind === 'stored') {
      tally.ended('warmed')
      tally.spent(result)
      purse.give(result)
    } else {
      tally.ended(result.kind === 'fresh' ? 'alreadyCached' : 'elsewhere')
      purse.give('free')
      pace.unused()
    }
  }

  function unstored(result: Extract<DetachedResult, { kind: 'failed' }>, status: number | undefined, at: number): void {
    const { reason, tokens, usd } = result
    if (status === undefined && course.cut.aborted) {
      failed('aborted', at, 'unknown')
      return
    }
    tally.spent(result)
    failed(reasonOf(reason, status), at, costOf({ tokens, usd }, status))
  }

  function failed(reason: WarmFailure, at: number, cost: WarmCost | 'free' | 'unknown'): void {
    tally.failed(reason, at)
    purse.give(cost)
    if (++failuresInRow >= plan.maxFailures) course.halt('failures')
  }

  /** One request, once there is a place, a moment and money for it. */
  async function admit(item: WarmRequest | WarmFault, at: number): Promise<void> {
    const request = faultOf(item) ?? readRequest(item, plan)
    if (typeof request === 'string') {
      tally.failed(request === 'no-host' ? 'invalid-request' : request, at)
      if (request === 'no-host') fail(invalid('host', NO_HOST))
      progress()
      return
    }
    let verdict = purse.judge()
    for (let ms = pace.leftMs(); !course.stop && (verdict === 'wait' || (verdict === 'send' && ms > 0)); ms = pace.leftMs()) {
      await course.changed(verdict === 'wait' ? undefined : ms)
      verdict = purse.judge()
    }
    if (course.stop) return
    if (verdict === 'send') void launch(request, at)
    else {
      tally.ended('skippedByBudget')
      course.halt(verdict as Exclude<typeof verdict, 'wait'>)
    }
  }

  async function feed(iterator: Iterator<WarmRequest | WarmFault> | AsyncIterator<WarmRequest | WarmFault>): Promise<void> {
    for (let place = 1; ; place++) {
      while (!course.stop && running >= plan.concurrency) await course.changed()
      if (course.stop) break
      const next = await course.unlessStopped(iterator.next())
      if (!next) break
      if (next.done) return
      await admit(next.value, next.value?.line ?? place)
    }
    // A source that waits for something is not waited for.
    void Promise.resolve(iterator.return?.()).catch(() => undefined)
  }

  try {
    await feed(Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]())
  } catch (error) {
    fail(error)
  }
  while (running > 0) await course.changed()
  course.end()
  if (thrown) throw thrown.error
  return tally.report(course.stop ?? 'end', clock.monotonic() - startedAt)
}

function faultOf(item: unknown): WarmFault['fault'] | undefined {
  return typeof item === 'object' && item !== null && 'fault' in item ? (item as WarmFault).fault : undefined
}

/** Whatever an app answers well may have cost something, stored or not; an error has not, unless it says so. */
function costOf({ tokens, usd }: WarmCost, status: number | undefined): WarmCost | 'free' | 'unknown' {
  if (tokens === 0 && usd === 0) return 'free'
  if (tokens !== undefined || usd !== undefined) return { tokens, usd }
  return status !== undefined && status >= 400 ? 'free' : 'unknown'
}

/** The app's own status says more than that its answer was not stored, or that the request never came to the cache. */
function reasonOf(reason: WarmFailure, status: number | undefined): WarmFailure {
  return status !== undefined && status >= 400 && (reason === 'status' || reason === 'not-reached') ? `status-${status}` : reason
}

const NO_HOST =
  "is needed: the name by which callers reach the app ('api.example.com'), which is part of each key; or a Host field, or a url with a host, for each request"
