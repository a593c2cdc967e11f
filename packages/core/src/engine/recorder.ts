/** The recorder: takes an origin's answer as it goes out, shares it with followers, and stores it if every gate agrees. */

import { type Bill, readBill } from '../answer/bill.js'
import { type Form, formOf, mediaTypeOf } from '../answer/form.js'
import { type AnswerInput, judgeAnswer } from '../answer/judge.js'
import { contentOf } from '../answer/text.js'
import { type ChunkMark, type Entry, type EntryPrompt, entryBytes } from '../entry/entry.js'
import type { SkipReason, Usage } from '../events.js'
import type { CacheRequest, HeaderPairs, Recorder } from '../exchange.js'
import type { RequestShape } from '../fingerprint/fingerprint.js'
import { evaluate, times } from '../freshness.js'
import { etagFor } from '../http/etag.js'
import { declaredLength, headerValue, relayableHeaders, storableHeaders } from '../http/headers.js'
import { isThenable } from '../lib/deadline.js'
import { once } from '../lib/once.js'
import { NO_CONTROLS, type RequestControls } from '../policy/controls.js'
import { isShareable, judgeHead } from '../policy/head-gates.js'
import type { UpstreamTrace } from '../ports.js'
import type { Finding } from '../semantic/finding.js'
import type { AnswerText } from '../semantic/ports.js'
import type { FlightLease } from '../sharing.js'
import type { TiersSetOutcome } from '../stores/tiers.js'
import { type EngineContext, isLeaderOnly, labelsOf } from './context.js'
import type { DetachedTicket } from './detached.js'
import { errorName } from './emitter.js'
import { isFailure, type OldAnswer } from './fallback.js'
import type { Flight } from './flight.js'
import type { CacheHandle } from './handle.js'
import { leaseFlight } from './leased.js'
import { createHandle, type Notes } from './notes.js'
import type { AnswerView } from './options.js'
import { timesUnder } from './permitted.js'
import { handlerTtl, type Rule } from './resolve.js'

export interface Recording {
  readonly request: CacheRequest
  readonly rule: Rule
  readonly key: string
  readonly shape: RequestShape
  readonly controls: RequestControls
  readonly flight: Flight
  /** There may be an older entry under the key, here or in another process. */
  readonly replaces: boolean
  /** The right to store, where other processes may have asked too. */
  readonly lease: FlightLease | undefined
  /** The answer may be stored only if a model was seen to be called. */
  readonly needsModelCall: boolean
  /** By what the answer may be found for another prompt. */
  readonly prompt: EntryPrompt | undefined
  /** What its answer may teach about prompts that mean the same. */
  readonly finding: Finding | undefined
  /** Who sent the request, where it was the cache itself. */
  readonly ticket: DetachedTicket | undefined
  /** What to send where the origin fails. */
  readonly fallback: OldAnswer | undefined
  /** The cache's own fields for the head on the wire. */
  readonly ownHeaders: (id: string, origin: HeaderPairs) => HeaderPairs
}

interface Head {
  readonly status: number
  /** All of the origin's own fields, as gates see them. */
  readonly origin: HeaderPairs
  readonly stored: HeaderPairs
  readonly skip: SkipReason | undefined
}

export function startRecording(context: EngineContext, recording: Recording): { recorder: Recorder; handle: CacheHandle } {
  const { request, rule, key, shape, controls, lease, needsModelCall, ticket, fallback } = recording
  const flight = lease ? leaseFlight(recording.flight, lease) : recording.flight
  const { clock, emitter, marks } = context
  const id = context.randomId()
  const startedAt = clock.monotonic()
  const stamp = context.store.stamp()
  const trace: UpstreamTrace = context.upstream.trace()
  const notes: Notes = { tags: new Set(), dependsOn: new Set(), ttlMs: undefined, usage: undefined, skip: undefined, detail: undefined }
  const chunks: ChunkMark[] = []
  let head: Head | undefined
  let firstByteAt = 0
  let bytes = 0
  let writes = 0
  let done = false
  /** Shares the head, once: followers of a background flight have something else to send as long as no byte came. */
  let announce: (() => void) | undefined
  /** What the answer says, where it may be found for other prompts. */
  let said: AnswerText | undefined

  /** What the model call cost, for whom the cache asks by itself: nobody else has to know. */
  function spent(entry?: Entry): { tokens?: number; usd?: number } {
    if (!ticket) return {}
    const { usage, model } = entry?.meta ?? bill()
    if (!usage) return {}
    const usd = context.costOf(usage, shape.model ?? model, shape.provider)
    return { tokens: (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0), ...(usd !== undefined && { usd }) }
  }

  function bill(): Bill {
    if (notes.usage) return { usage: notes.usage }
    const body = bytes <= context.cache.maxEntryBytes ? flight.bytes() : undefined
    return head && body ? readBill({ contentType: headerValue(head.origin, 'content-type') ?? '', body, provider: shape.provider }) : {}
  }

  function skipped(reason: SkipReason): void {
    flight.done()
    void lease?.close()
    const leaderOnly = isLeaderOnly(reason) || (head?.skip === reason && !isShareable(reason, head.status))
    marks.skipped(key, reason, leaderOnly)
    // Mounted once more further in, the cache goes on with it there.
    if (reason !== 'superseded') ticket?.settle({ kind: 'failed', reason, ...spent() })
    emitter.emit({ ...labelsOf(clock, request, shape), type: 'entry-skipped', entryId: id, reason, detail: notes.detail })
  }

  /** Chunks of one millisecond are one for pacing, so that a flood of tiny ones costs no memory. */
  function mark(ms: number): void {
    const last = chunks.at(-1)
    if (last?.[1] === ms) chunks.pop()
    chunks.push([bytes, ms])
  }

  /** The entry to store, or why there is none. */
  function judge(origin: Head): Entry | SkipReason {
    if (notes.skip) return notes.skip
    if (origin.skip) return origin.skip
    const body = bytes <= context.cache.maxEntryBytes ? flight.bytes() : undefined
    if (!body) return 'too-large'
    if (declaredLength(origin.origin) !== undefined && declaredLength(origin.origin) !== bytes) return 'content-length-mismatch'
    const contentType = headerValue(origin.origin, 'content-type') ?? ''
    const streamed = writes > 1
    // The app may vouch for a stream whose end nothing on the wire proves.
    const vouched = rule.complete !== undefined && trace.state === 'unknown'
    const input: AnswerInput = {
      contentType,
      body,
      streamed,
      expectsJson: shape.expectsJson,
      allowToolCalls: rule.toolCalls !== false,
      upstream: vouched ? 'complete' : trace.state,
      provider: shape.provider,
    }
    const parse = once(() => formOf(mediaTypeOf(contentType), body))
    const verdict = judgeAnswer(input, parse)
    if (verdict.kind === 'skip') return verdict.reason
    if (needsModelCall && trace.calls === 0 && !verdict.fromModel) return 'no-model-call'
    const model = shape.model ?? verdict.model
    const usage = notes.usage ?? verdict.usage
    const view = viewOf(origin.status, contentType, body, verdict.model ?? model, usage)
    if (rule.complete && !vouches(rule.complete, view)) return 'complete-check'
    const ttlMs = lifetime(view)
    if (ttlMs === 0) return 'ttl-zero'
    const ownMs = jittered(ttlMs)
    const toolCalling = callsTools(input, parse)
    const { prompt } = recording
    said = prompt && context.semantic?.answerToFind(prompt.text, () => contentOf(parse(), shape.provider))
    const dependsOn = [...new Set([...rule.dependsOn(request), ...notes.dependsOn])]
    const entry: Entry = {
      id,
      key,
      ...times(clock.now(), ownMs, toolCalling && rule.toolCalls !== 'even-stale' ? 0 : rule.retentionMs),
      status: origin.status,
      headers: origin.stored,
      body,
      chunks: streamed ? chunks : undefined,
      meta: {
        provider: shape.provider,
        model,
        route: request.route,
        usage,
        originMs: clock.monotonic() - startedAt,
        tags: [...new Set([...rule.tags(request), ...notes.tags])],
        ...(rule.slidingMs !== undefined && { ttlMs: ownMs }),
        startedAt: stamp,
        ...(dependsOn.length > 0 && { dependsOn }),
        ...(verdict.model !== undefined && { snapshot: verdict.model }),
        ...(toolCalling && { callsTools: true }),
        ...(said && prompt && { prompt }),
      },
    }
    return entryBytes(entry) > context.cache.maxEntryBytes ? 'too-large' : entry
  }

  /** In ms: the handler's word, else the app's for this answer, else the caller's clamped one, else the route's; a caller may shorten. */
  function lifetime(view: AnswerView): number {
    const own = notes.ttlMs ?? ttlOf(view)
    if (own === undefined) return controls.ttlMs ?? rule.ttlMs
    return Math.min(own, controls.ttlMs ?? own)
  }

  function ttlOf(view: AnswerView): number | undefined {
    if (!rule.ttlOf) return undefined
    try {
      return handlerTtl(rule.ttlOf(view))
    } catch (error) {
      emitter.emit({ type: 'internal-error', at: clock.now(), where: 'ttl', errorName: errorName(error) })
      return 0
    }
  }

  function jittered(ttlMs: number): number {
    return rule.jitter === 0 ? ttlMs : Math.max(1, Math.round(ttlMs * (1 - rule.jitter * context.random())))
  }

  function callsTools(input: AnswerInput, parse: () => Form): boolean {
    if (rule.toolCalls === false) return false
    const verdict = judgeAnswer({ ...input, allowToolCalls: false }, parse)
    return verdict.kind === 'skip' && verdict.reason === 'tool-calls'
  }

  function vouches(complete: NonNullable<Rule['complete']>, view: AnswerView): boolean {
    try {
      return complete(view) === true
    } catch (error) {
      emitter.emit({ type: 'internal-error', at: clock.now(), where: 'complete', errorName: errorName(error) })
      return false
    }
  }

  function store(entry: Entry): void {
    const encoded = context.compression.encode(entry)
    if (isThenable(encoded)) void encoded.then(write)
    else write(encoded)
  }

  function write(entry: Entry): void {
    const late = flight.doubts(entry) ? 'invalidated' : lease && !lease.held ? 'lease-lost' : undefined
    if (late) {
      if (late === 'invalidated') context.compression.forget(key)
      skipped(late)
      return
    }
    marks.writing(key)
    const result = context.store.set(entry, lease, recording.replaces)
    // From here on lookups find it, in the store or in its queue of writes.
    flight.done()
    if (isThenable(result)) void result.then((outcome) => written(entry, outcome))
    else written(entry, result)
  }

  function written(entry: Entry, outcome: TiersSetOutcome): void {
    if (outcome !== 'stored') {
      skipped(SKIPPED_AS[outcome])
      return
    }
    void lease?.close()
    marks.stored(key)
    context.semantic?.stored(entry, recording.finding?.lesson, said)
    ticket?.settle({ kind: 'stored', entryId: id, tokens: undefined, usd: undefined, ...spent(entry) })
    emitter.emit({
      ...labelsOf(clock, request, shape),
      type: 'entry-stored',
      entryId: id,
      bytes: entryBytes(entry),
      originMs: entry.meta.originMs,
      usage: entry.meta.usage,
      tags: entry.meta.tags.length,
    })
  }

  function conclude(): void {
    const followers = flight.joined
    let result: Entry | SkipReason
    try {
      // A handler that ends without a head never answered at all.
      result = head ? judge(head) : 'origin-error'
    } catch (error) {
      emitter.emit({ type: 'internal-error', at: clock.now(), where: 'recorder', errorName: errorName(error) })
      result = 'origin-error'
    }
    const entry = typeof result === 'string' ? undefined : result
    // Followers were told no length: only a cut shows them that the answer is short.
    if (result === 'content-length-mismatch') flight.abort()
    else {
      announced()
      flight.end(entry)
    }
    if (needsModelCall && trace.calls > 0) marks.learnRoute(request.method, request.url)
    if (followers > 0) {
      emitter.emit({
        ...labelsOf(clock, request, shape),
        type: 'flight-ended',
        entryId: id,
        followers,
        usage: entry?.meta.usage,
        completed: entry !== undefined,
      })
    }
    trace.close()
    if (entry) store(entry)
    else skipped(result as SkipReason)
  }

  function announced(): void {
    announce?.()
    announce = undefined
  }

  const handle = createHandle(notes, recording.finding, () => {
    // Too late once the head is out: followers are receiving this answer already.
    if (!head) flight.release()
  })

  const recorder: Recorder = {
    id,
    fallback: fallback && {
      covers: isFailure,
      take(status) {
        const { entry } = fallback
        const isGone = evaluate(timesUnder(rule, entry), NO_CONTROLS, clock.now()) === 'gone'
        if (done || head || isGone || flight.removed(entry) || context.store.isRetired(entry)) return undefined
        const reply = fallback.reply(status)
        done = true
        trace.close()
        flight.found(entry, true)
        skipped(status === undefined ? 'origin-error' : 'status')
        return reply
      },
    },
    run: (handler) => trace.run(handler),
    head(status, headers) {
      if (head || done) return []
      const skip = judgeHead({ method: request.method, status, headers, isKeyed: rule.isKeyed })
      // A route that was never seen asking a model is not ours to mark.
      // Nor an answer on which a cache further in has decided.
      const unseen = needsModelCall && trace.calls === 0 && !marks.knowsRoute(request.method, request.url)
      const silent = unseen || notes.skip === 'superseded'
      const etag: HeaderPairs = !silent && !skip && mayValidate(headers) ? [['ETag', etagFor(id)]] : []
      head = { status, origin: headers, stored: [...storableHeaders(headers), ...etag], skip }
      const forLeader = (skip && !isShareable(skip, status)) || (notes.skip && notes.skip !== 'origin-error')
      if (forLeader) flight.release()
      else {
        announce = () => flight.head({ id, status, headers: [...relayableHeaders(headers), ...etag] })
        if (!flight.background) announced()
      }
      return silent ? [] : [...etag, ...recording.ownHeaders(id, headers)]
    },
    write(chunk) {
      if (done || chunk.byteLength === 0) return
      const now = clock.monotonic()
      if (bytes === 0) firstByteAt = now
      announced()
      bytes += chunk.byteLength
      writes++
      if (bytes <= context.cache.maxEntryBytes) mark(Math.round(now - firstByteAt))
      flight.write(chunk)
    },
    failed() {
      notes.skip ??= 'origin-error'
    },
    end() {
      if (done) return
      done = true
      conclude()
    },
    abort(reason) {
      if (done) return
      done = true
      trace.close()
      flight.abort()
      skipped(reason)
    },
    clientGone(onRelease) {
      if (done) return false
      const gone = (): void => {
        if (done) return
        done = true
        trace.close()
        skipped('client-gone')
      }
      const held = flight.leaderGone(() => {
        gone()
        onRelease()
      })
      if (!held) {
        gone()
        flight.abort()
      }
      return held
    },
  }
  return { recorder, handle }
}

const SKIPPED_AS = {
  refused: 'store-refused',
  retired: 'invalidated',
  superseded: 'lease-lost',
  dropped: 'store-failed',
  failed: 'store-failed',
} as const

function viewOf(status: number, contentType: string, body: Uint8Array, model: string | undefined, usage: Usage | undefined): AnswerView {
  return { status, contentType, body, model, usage, text: () => new TextDecoder().decode(body) }
}

/** JSON answers get a validator; it is the entry's id, since one id has one body. */
function mayValidate(headers: HeaderPairs): boolean {
  const contentType = headerValue(headers, 'content-type') ?? ''
  return /^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType) && headerValue(headers, 'etag') === undefined
}
