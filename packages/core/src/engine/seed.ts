/** Curated answers: stored as though the origin had given them, so that they are there before anybody asked. */

import { checkNames, checkObject, wrongValue } from '../checks.js'
import type { CacheRequest, HeaderPairs, Outcome } from '../exchange.js'
import type { Duration } from '../lib/duration.js'
import type { Awaitable } from '../ports.js'
import type { EngineContext } from './context.js'
import type { DetachedResult } from './detached.js'
import type { Rule } from './resolve.js'

/** A request and what is to answer it, as the app's own route would answer it. */
export interface Seed {
  /** As `webRequest(new Request(...))` of `@llm-cache/core/web` makes it: with the host, path and body that callers will send. */
  readonly request: CacheRequest
  readonly answer: {
    /** The whole body, in the shape in which the route answers: an object is sent as JSON. */
    readonly body: string | Uint8Array | object
    /** @default `application/json` */
    readonly contentType?: string | undefined
  }
}

export interface SeedOptions {
  /** How long they are fresh. @default the route's own */
  readonly ttl?: Duration | undefined
  /** Tags of each, to invalidate them by. @default none besides the route's own */
  readonly tags?: readonly string[] | undefined
}

export interface SeedReport {
  readonly stored: number
  /** There was a fresh answer already, or somebody was just asking for one: it stays. */
  readonly present: number
  /** Not stored, by reason: why the request is bypassed, or the answer refused. */
  readonly failed: Readonly<Record<string, number>>
}

export type SeedSource = Iterable<Seed> | AsyncIterable<Seed>

export function createSeeder(
  context: Pick<EngineContext, 'detached'>,
  open: (request: CacheRequest, rule: Rule) => Awaitable<Outcome>,
): (seeds: SeedSource, options: SeedOptions, rule: Rule) => Promise<SeedReport> {
  async function plant(seed: Seed, { ttl, tags = [] }: SeedOptions, rule: Rule): Promise<DetachedResult> {
    const { request, body, headers } = readSeed(seed)
    const sent = context.detached.createSeed()
    const outcome = await open(marked(request, sent.mark), rule)
    if (outcome.kind === 'record') {
      const { recorder, handle } = outcome
      try {
        handle.tag(...tags)
        if (ttl !== undefined) handle.ttl(ttl)
      } catch (error) {
        recorder.abort('origin-error')
        throw error
      }
      recorder.head(200, headers)
      recorder.write(body)
      recorder.end()
    }
    return sent.result
  }

  return async (seeds, options, rule) => {
    checkObject('the options of seed', options)
    checkNames(options, ['ttl', 'tags'])
    let stored = 0
    let present = 0
    const failed: Record<string, number> = {}
    for await (const seed of seeds) {
      const result = await plant(seed, options, rule)
      if (result.kind === 'stored') stored++
      else if (result.kind === 'failed') failed[result.reason] = (failed[result.reason] ?? 0) + 1
      else present++
    }
    return { stored, present, failed }
  }
}

function readSeed(seed: Seed): { request: CacheRequest; body: Uint8Array; headers: HeaderPairs } {
  const { request, answer } = seed ?? {}
  if (typeof request?.header !== 'function' || typeof request.body !== 'function')
    throw wrongValue('request', request, 'a request as webRequest() makes it, in each seed')
  const { body, contentType = 'application/json' } = answer ?? {}
  const isEmpty = body === undefined || body === null || (typeof body !== 'string' && typeof body !== 'object')
  if (isEmpty) throw wrongValue('answer.body', body, 'a text, bytes or an object, in each seed')
  const bytes = body instanceof Uint8Array ? body : encoder.encode(typeof body === 'string' ? body : JSON.stringify(body))
  return { request, body: bytes, headers: [['Content-Type', contentType]] }
}

/** The same request, known again by its mark. Marked by the app: it says itself that this is an answer. */
function marked(request: CacheRequest, mark: object): CacheRequest {
  const { method, url, host, route, identity } = request
  return {
    method,
    url,
    host,
    route,
    identity,
    explicit: true,
    mark,
    header: (name) => request.header(name),
    headerNames: () => request.headerNames(),
    body: (limit) => request.body(limit),
  }
}

const encoder = new TextEncoder()
