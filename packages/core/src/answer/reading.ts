/** What a protocol makes of an answer, before any gate has judged it. */

import type { SkipReason, Usage } from '../events.js'
import type { Finish } from './finish.js'
import type { JsonObject } from './json.js'

/** One choice, candidate or message of an answer. */
export interface Choice {
  /** undefined: the origin never said that it was finished. */
  finish: Finish | undefined
  /** Text for the user, without reasoning. For answers in several steps that of the last step. */
  text: string
  /** There is content other than text: audio, an image, a vector, a data part. */
  otherContent: boolean
  toolCall: boolean
  refusal: boolean
}

export interface Reading {
  readonly choices: readonly Choice[]
  /** False: the stream lacks the protocol's terminal marker. */
  readonly terminal: boolean
  /** A failure that the protocol reports in its own way. */
  readonly fault: SkipReason | undefined
  readonly model: string | undefined
  readonly usage: Usage | undefined
}

/** One event of an SSE stream or one line of NDJSON. */
export interface Frame {
  readonly event: string | undefined
  readonly data: string
  /** The parsed data; undefined when it is not JSON. */
  readonly json: unknown
}

export interface FrameStream {
  readonly form: 'sse' | 'ndjson'
  readonly frames: readonly Frame[]
  /** The JSON objects among the frames, in order. */
  readonly objects: readonly JsonObject[]
  /** There is a frame `[DONE]`. */
  readonly done: boolean
  /** The last event or line was never finished. */
  readonly partial: boolean
}

/** How one provider's answers look. Recognition is by the answer alone: the handler may have translated it. */
export interface Protocol {
  readonly name: string
  isBody(body: JsonObject): boolean
  readBody(body: JsonObject): Reading
  isFrame(frame: JsonObject): boolean
  readStream(stream: FrameStream): Reading
}

export function newChoice(finish?: Finish): Choice {
  return { finish, text: '', otherContent: false, toolCall: false, refusal: false }
}

/** The choices of a stream by their index, made as they appear. */
export class Choices {
  readonly #byIndex = new Map<unknown, Choice>()

  at(index: unknown): Choice {
    const known = this.#byIndex.get(index ?? 0)
    if (known) return known
    const choice = newChoice()
    this.#byIndex.set(index ?? 0, choice)
    return choice
  }

  /** In the order of their indexes, in which a whole answer has them. */
  list(): readonly Choice[] {
    return [...this.#byIndex].sort(([a], [b]) => Number(a) - Number(b) || 0).map(([, choice]) => choice)
  }
}
