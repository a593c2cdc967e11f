/** Several judges as one: asked in turn, off the request path, with limited time and in limited number. */

import { checkNames, checkObject, countOf, functionOf, wrongValue } from '../../checks.js'
import { withDeadline } from '../../lib/deadline.js'
import { nextTurn } from '../../lib/turn.js'
import type { Clock } from '../../ports.js'
import type { Judge, Judgement, ModelUsage } from '../ports.js'
import { createJudgeCounter, type JudgeCounts, type JudgeOutcome } from './counts.js'

export interface JudgesOptions {
  readonly clock: Clock
  /** ms that each judge has. @default 10000 */
  readonly timeoutMs?: number
  /** Judgements at a time. @default 2 */
  readonly concurrency?: number
  /** Judgements that wait, most; further ones are dropped. @default 100 */
  readonly maxQueue?: number
  readonly onEvent?: (event: JudgesEvent) => unknown
}

/** What happened; nothing of prompts and answers. */
export type JudgesEvent =
  | {
      readonly type: 'judge-answered'
      readonly judge: string
      readonly outcome: JudgeOutcome
      readonly durationMs: number
      /** Class of what a judge that failed threw: 'AuthenticationError'. */
      readonly errorName?: string
    }
  /** A model was asked, and its provider bills this. */
  | ({ readonly type: 'judge-billed'; readonly judge: string } & ModelUsage)
  /** It never came to a verdict, since too much was waiting. */
  | { readonly type: 'judgement-dropped'; readonly queued: number }

/** What was found, and by whom. */
export interface Opinion {
  readonly verdict: 'same' | 'different'
  readonly judge: string
}

export interface JudgesStats {
  /** Judgements that were asked for. */
  readonly asked: number
  readonly same: number
  readonly different: number
  /** No judge could tell: no label. */
  readonly undecided: number
  /** Not judged, since too much was waiting. */
  readonly dropped: number
  readonly waiting: number
  readonly running: number
  /** In the order in which they are asked. */
  readonly judges: readonly JudgeCounts[]
}

export interface Judges {
  /**
   * Resolves with the first opinion; with undefined where no judge has one, too much is waiting, or all is closed. Never rejects, and
   * never runs a judge before the caller has gone on.
   */
  ask(judgement: Judgement): Promise<Opinion | undefined>
  stats(): JudgesStats
  /** Aborts what runs and lets go of what waits. Idempotent. */
  close(): void
}

interface Called {
  readonly outcome: JudgeOutcome
  readonly errorName?: string
}

interface Waiting {
  readonly judgement: Judgement
  readonly characters: number
  readonly resolve: (opinion: Opinion | undefined) => void
}

/**
 * A chain of judges, the cheapest first. One that cannot tell, fails, answers with no verdict or takes too long is followed by the
 * next; where none has an opinion there is no label. A judge of which eight calls hang past their deadline is left out until one ends.
 *
 * @throws OptionError for wrong options, or where `list` is not one to 16 judges with different names
 */
export function createJudges(list: readonly Judge[], options: JudgesOptions): Judges {
  checkJudges(list)
  checkObject('options', options)
  checkNames(options, ['clock', 'timeoutMs', 'concurrency', 'maxQueue', 'onEvent'])
  functionOf('onEvent', options.onEvent)
  const { clock } = options
  const timeoutMs = countOf('timeoutMs', options.timeoutMs, 10_000, 1, 600_000)
  const concurrency = countOf('concurrency', options.concurrency, 2, 1, 100)
  const maxQueue = countOf('maxQueue', options.maxQueue, 100, 1, 100_000)

  const counter = createJudgeCounter(list.map(({ name }) => name))
  const hanging = list.map(() => 0)
  const queue: Waiting[] = []
  const running = new Set<AbortController>()
  const totals = { asked: 0, same: 0, different: 0, undecided: 0, dropped: 0 }
  let queuedCharacters = 0
  let closed = false

  function emit(event: JudgesEvent): void {
    try {
      options.onEvent?.(event)
    } catch {
      // An observer's fault is not a judge's: the judgement goes on.
    }
  }

  async function drain(): Promise<void> {
    const controller = new AbortController()
    running.add(controller)
    await nextTurn()
    for (let next = queue.shift(); next; next = queue.shift()) {
      queuedCharacters -= next.characters
      const opinion = await opinionOn(next.judgement, controller.signal)
      if (!closed) totals[opinion?.verdict ?? 'undecided'] += 1
      next.resolve(opinion)
    }
    running.delete(controller)
  }

  async function opinionOn(judgement: Judgement, closing: AbortSignal): Promise<Opinion | undefined> {
    for (const [index, judge] of list.entries()) {
      if (closing.aborted || judgement.signal?.aborted) return undefined
      const startedAt = clock.monotonic()
      const { outcome, ...failure } = (hanging[index] as number) < MAX_HANGING ? await call(index, judge, judgement, closing) : SKIPPED
      if (closing.aborted || judgement.signal?.aborted) return undefined
      counter.add(index, outcome)
      emit({ type: 'judge-answered', judge: judge.name, outcome, durationMs: clock.monotonic() - startedAt, ...failure })
      if (outcome === 'same' || outcome === 'different') return { verdict: outcome, judge: judge.name }
    }
    return undefined
  }

  async function call(index: number, judge: Judge, judgement: Judgement, closing: AbortSignal): Promise<Called> {
    const controller = new AbortController()
    const signals = [closing, judgement.signal].filter((signal) => signal !== undefined)
    const abort = (): void => controller.abort()
    for (const signal of signals) signal.addEventListener('abort', abort, { once: true })
    // An async function: what throws at once rejects.
    const onUsage = (used: ModelUsage): void => emit({ type: 'judge-billed', judge: judge.name, ...used })
    const work = (async () => judge.judge({ ...judgement, signal: controller.signal, onUsage }))()
    const aborted = new Promise<undefined>((resolve) =>
      controller.signal.addEventListener('abort', () => resolve(undefined), { once: true }),
    )
    let ended = false
    let given = false
    void work.then(end, end)
    function end(): void {
      ended = true
      if (given) hanging[index] = (hanging[index] as number) - 1
    }
    const settled = await withDeadline(Promise.race([work, aborted]), timeoutMs, clock)
    for (const signal of signals) signal.removeEventListener('abort', abort)
    controller.abort()
    if (!ended) {
      given = true
      hanging[index] = (hanging[index] as number) + 1
    }
    if (settled.kind === 'late') return { outcome: 'timeout' }
    if (settled.kind === 'thrown') return { outcome: 'failed', errorName: classOf(settled.error) }
    const { value } = settled
    if (value === undefined) return { outcome: 'undecided' }
    return { outcome: value === 'same' || value === 'different' ? value : 'failed' }
  }

  return {
    ask(judgement) {
      totals.asked += 1
      const characters = charactersOf(judgement)
      if (closed || judgement.signal?.aborted) return Promise.resolve(undefined)
      if (queue.length >= maxQueue || queuedCharacters + characters > MAX_QUEUED_CHARACTERS) {
        totals.dropped += 1
        emit({ type: 'judgement-dropped', queued: queue.length })
        return Promise.resolve(undefined)
      }
      return new Promise((resolve) => {
        queue.push({ judgement, characters, resolve })
        queuedCharacters += characters
        if (running.size < concurrency) void drain()
      })
    },
    stats: () => ({ ...totals, waiting: queue.length, running: running.size, judges: counter.list() }),
    close() {
      closed = true
      for (const { resolve } of queue.splice(0)) resolve(undefined)
      queuedCharacters = 0
      for (const controller of running) controller.abort()
    },
  }
}

function charactersOf({ prompts, answers }: Judgement): number {
  return prompts[0].length + prompts[1].length + answers[0].text.length + answers[1].text.length
}

/** The class of an error; its message may quote what was judged. Clients of models leave `name` as it is. */
function classOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : typeof error
}

function checkJudges(list: unknown): asserts list is readonly Judge[] {
  const valid = `a list of 1 to ${MAX_JUDGES} judges with names of their own`
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_JUDGES) throw wrongValue('judges', list, valid)
  for (const judge of list as readonly (Partial<Judge> | undefined)[])
    if (typeof judge?.judge !== 'function' || typeof judge.name !== 'string') throw wrongValue('judges', judge, valid)
  if (new Set((list as readonly Judge[]).map(({ name }) => name)).size < list.length) throw wrongValue('judges', 'a name twice', valid)
}

/** Most judges of one chain. */
export const MAX_JUDGES = 16
const SKIPPED: Called = { outcome: 'skipped' }
/** Calls of one judge that may hang past their deadline before it is left out. */
const MAX_HANGING = 8
/** Of all texts that wait, in UTF-16 code units: 16 MB. */
const MAX_QUEUED_CHARACTERS = 8_000_000
