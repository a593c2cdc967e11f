/** An embedder that keeps its promises: in time or not at all, never with a vector that cannot be used, within bounds. */

import { usageOf } from '../../answer/usage.js'
import { checkNames, countOf } from '../../checks.js'
import { EmbedderError, type EmbedderFailure, VectorError } from '../../errors.js'
import { isThenable, withDeadline } from '../../lib/deadline.js'
import type { Awaitable, Clock } from '../../ports.js'
import type { Embedder, ModelUsage } from '../ports.js'
import { createAnswerCheck } from './answers.js'
import { type Answers, createBatches, type Ticket } from './batches.js'
import { checkEmbedder } from './check.js'
import { createGate, type EmbedderState, type Pass } from './gate.js'
import { createKeptVectors } from './kept.js'

export interface GuardOptions {
  readonly clock: Clock
  /** Longest wait for a vector in ms, its time in the queue included. @default 2000 */
  readonly timeoutMs?: number | undefined
  /** Most texts of one call. @default the embedder's, else 64 */
  readonly maxBatch?: number | undefined
  /** Most calls at a time. @default 4 */
  readonly maxCalls?: number | undefined
  /** Most texts that wait for a call; more are refused. @default 1024 */
  readonly maxQueue?: number | undefined
  /** Longest text in UTF-16 units; longer ones are refused. @default 8192 */
  readonly maxLength?: number | undefined
  /** Vectors that are kept; none of cheap embedders. @default 4096 */
  readonly cacheEntries?: number | undefined
  /** Bytes of vectors that are kept. @default 16 MiB */
  readonly cacheBytes?: number | undefined
  /** Told of every call that failed or was billed, and of every change of its state. Must not throw. */
  readonly onEvent?: ((event: EmbedderEvent) => void) | undefined
}

/** What an embedder tells of itself. Never carries texts. */
export type EmbedderEvent =
  | {
      readonly type: 'embedder-failed'
      readonly embedder: string
      readonly reason: EmbedderFailure | VectorError['reason']
      /** Texts of the call. */
      readonly texts: number
    }
  /** A provider bills this call. */
  | ({ readonly type: 'embedder-billed'; readonly embedder: string } & ModelUsage)
  | { readonly type: 'embedder-state'; readonly embedder: string; readonly state: EmbedderState }

export interface EmbedderCounts {
  readonly calls: number
  /** Texts of these calls. */
  readonly texts: number
  /** Texts whose vector was kept. */
  readonly kept: number
  /** Calls that failed. */
  readonly failed: number
}

export interface SafeEmbedder {
  readonly id: string
  /** Undefined until it is known. */
  readonly dimensions: number | undefined
  readonly state: EmbedderState
  readonly counts: EmbedderCounts
  /**
   * The vector of `text`, of length 1; shared with others who ask for the same text, so never to be changed. At once where it is kept, and
   * where the embedder answers at once.
   *
   * @throws EmbedderError, VectorError, or rejects with them
   */
  embed(text: string, signal?: AbortSignal): Awaitable<Float32Array>
  /** As `embed`, for many texts: `maxBatch` at a time, so that they never fill the queue. Fails with the first that fails. */
  embedMany(texts: readonly string[], signal?: AbortSignal): Awaitable<readonly Float32Array[]>
  /** Aborts what runs, refuses what waits and closes the embedder. Never rejects. Idempotent. */
  close(): Promise<void>
}

/** @throws OptionError on unknown options and values out of range, and where `embedder` is none */
export function guardEmbedder(embedder: Embedder, options: GuardOptions): SafeEmbedder {
  checkEmbedder('embedder', embedder)
  const { clock, onEvent, ...config } = resolveGuard(embedder, options)
  const { id } = embedder
  const counts = { calls: 0, texts: 0, kept: 0, failed: 0 }
  const answers = createAnswerCheck(embedder)
  const kept = embedder.cheap ? undefined : createKeptVectors(config.cacheEntries, config.cacheBytes)
  const tellState = (state: EmbedderState): void => onEvent?.({ type: 'embedder-state', embedder: id, state })
  const gate = createGate(clock, () => abandoned, tellState)
  const batches = createBatches({ ...config, ask })
  /** Calls that were given up and go on. */
  let abandoned = 0
  /** Whether its last answer came at once. */
  let atOnce = embedder.cheap === true
  let closed: Promise<void> | undefined

  function billed({ usage, model, provider }: ModelUsage): void {
    // What is no count would spoil every sum that it goes into.
    const counted = usageOf(usage.inputTokens, usage.outputTokens, usage.cachedInputTokens)
    if (counted) onEvent?.({ type: 'embedder-billed', embedder: id, usage: counted, model, provider })
  }

  function failed(error: unknown, texts: number): Error {
    const known = error instanceof EmbedderError || error instanceof VectorError
    const shown = known ? error : new EmbedderError('failed', `Embedder ${id} failed.`, { cause: error })
    counts.failed += 1
    onEvent?.({ type: 'embedder-failed', embedder: id, reason: shown.reason, texts })
    return shown
  }

  /** @throws EmbedderError where it is not asked, and where it throws */
  function begin(texts: readonly string[], signal?: AbortSignal): { readonly pass: Pass; readonly answer: unknown } {
    const pass = gate.enter()
    if (!pass) throw new EmbedderError('open', `Embedder ${id} failed too often of late; it is asked again later.`)
    counts.calls += 1
    counts.texts += texts.length
    try {
      const answer: unknown = embedder.embed(texts, signal, billed)
      atOnce = !isThenable(answer)
      return { pass, answer }
    } catch (error) {
      pass.fail('error')
      throw failed(error, texts.length)
    }
  }

  function end(pass: Pass, texts: readonly string[], answer: unknown): (Float32Array | Error)[] {
    try {
      const checked = answers.check(answer, texts.length)
      pass.succeed()
      keep(texts, checked)
      return checked
    } catch (error) {
      pass.fail('error')
      throw failed(error, texts.length)
    }
  }

  function keep(texts: readonly string[], vectors: readonly (Float32Array | Error)[]): void {
    if (!kept || closed) return
    for (const [at, vector] of vectors.entries()) if (vector instanceof Float32Array) kept.set(texts[at] as string, vector)
  }

  async function ask(texts: readonly string[], signal: AbortSignal): Answers {
    const { pass, answer } = begin(texts, signal)
    return follow(pass, texts, answer, signal)
  }

  async function follow(pass: Pass, texts: readonly string[], promised: unknown, signal: AbortSignal): Answers {
    let givenUp = false
    const giveUp = (): void => {
      givenUp = true
      abandoned += 1
      if (signal.reason?.reason === 'timeout') {
        pass.fail('timeout')
        failed(signal.reason, texts.length)
      } else pass.drop()
    }
    signal.addEventListener('abort', giveUp, { once: true })
    let answer: unknown
    try {
      answer = await promised
    } catch (error) {
      if (givenUp) return []
      pass.fail('error')
      throw failed(error, texts.length)
    } finally {
      signal.removeEventListener('abort', giveUp)
      if (givenUp) abandoned -= 1
    }
    if (!givenUp) return end(pass, texts, answer)
    // Too late for those who asked, but not for those who ask next.
    keep(texts, answers.check(answer, texts.length))
    return []
  }

  function timedOut(): EmbedderError {
    return new EmbedderError('timeout', `Embedder ${id} did not answer within ${config.timeoutMs} ms.`)
  }

  async function wait(ticket: Ticket, signal: AbortSignal | undefined): Promise<Float32Array> {
    const settled = await withDeadline(untilAborted(ticket.vector, signal), config.timeoutMs, clock)
    if (settled.kind === 'done') return settled.value
    const error = settled.kind === 'late' ? timedOut() : settled.error
    ticket.leave(error)
    throw error
  }

  function embed(text: string, signal?: AbortSignal): Awaitable<Float32Array> {
    if (closed || signal?.aborted) throw aborted()
    if (text.length > config.maxLength)
      throw new EmbedderError('too-long', `A text has ${text.length} characters; embedder ${id} is given ${config.maxLength} at the most.`)
    const known = kept?.get(text)
    if (known) {
      counts.kept += 1
      return known
    }
    if (!atOnce || !batches.free) return wait(batches.join(text), signal)
    const { pass, answer } = begin([text])
    if (isThenable(answer)) {
      const controller = new AbortController()
      return wait(batches.adopt(text, follow(pass, [text], answer, controller.signal), controller), signal)
    }
    const [vector] = end(pass, [text], answer)
    return vector as Float32Array
  }

  async function embedLater(done: readonly Float32Array[], texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    const vectors = [...done]
    while (vectors.length < texts.length) {
      const chunk = texts.slice(vectors.length, vectors.length + Math.min(config.maxBatch, config.maxQueue))
      vectors.push(...(await Promise.all(chunk.map(async (text) => embed(text, signal)))))
    }
    return vectors
  }

  return {
    id,
    get dimensions() {
      return answers.dimensions
    },
    get state() {
      return gate.state
    },
    get counts() {
      return { ...counts }
    },
    embed,
    embedMany(texts, signal) {
      const done: Float32Array[] = []
      while (atOnce && done.length < texts.length) {
        const vector = embed(texts[done.length] as string, signal)
        if (isThenable(vector)) break
        done.push(vector)
      }
      return done.length === texts.length ? done : embedLater(done, texts, signal)
    },
    close() {
      closed ??= Promise.resolve().then(async () => {
        batches.close()
        kept?.clear()
        await withDeadline((async () => embedder.close?.())(), config.timeoutMs, clock)
      })
      return closed
    },
  }
}

function aborted(): EmbedderError {
  return new EmbedderError('aborted', 'The embedder was closed, or nobody waits for the vector any more.')
}

/** As `work`, or a rejection as soon as nobody waits for it. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(aborted())
    const settle = (): void => signal.removeEventListener('abort', abort)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).then(settle)
  })
}

type GuardConfig = Required<Omit<{ [name in keyof GuardOptions]-?: NonNullable<GuardOptions[name]> }, 'onEvent'>> &
  Pick<GuardOptions, 'onEvent'>

function resolveGuard(embedder: Embedder, options: GuardOptions): GuardConfig {
  checkNames(options, ['clock', 'timeoutMs', 'maxBatch', 'maxCalls', 'maxQueue', 'maxLength', 'cacheEntries', 'cacheBytes', 'onEvent'])
  return {
    clock: options.clock,
    onEvent: options.onEvent,
    timeoutMs: countOf('timeoutMs', options.timeoutMs, 2000, 1, 2 ** 31 - 1),
    maxBatch: Math.min(countOf('maxBatch', options.maxBatch, embedder.maxBatch ?? 64), embedder.maxBatch ?? Number.MAX_SAFE_INTEGER),
    maxCalls: countOf('maxCalls', options.maxCalls, 4),
    maxQueue: countOf('maxQueue', options.maxQueue, 1024),
    maxLength: countOf('maxLength', options.maxLength, 8192),
    cacheEntries: countOf('cacheEntries', options.cacheEntries, 4096, 1, 1_000_000),
    cacheBytes: countOf('cacheBytes', options.cacheBytes, 16 * 1024 * 1024),
  }
}
