/**
 * Is an answer whole and good enough to be stored? That the origin ended is no evidence: of 18 common handler shapes 11 end
 * with a clean 200 after an upstream error and 8 after a cut socket. So a provider's answer needs its protocol's terminal
 * marker and a good finish reason for every choice; free text needs an upstream that was seen to complete.
 */

import type { SkipReason, Usage } from '../events.js'
import { dialectOf } from './dialect.js'
import { isErrorEvent, isErrorObject } from './fault.js'
import { DONE, type Form, formOf, type JsonForm, mediaTypeOf } from './form.js'
import { gate } from './gates.js'
import { isGeminiArray, readGemini } from './gemini.js'
import { isObject, isVoid, type JsonObject, objectsIn, parseJson } from './json.js'
import { readOwnJson, readOwnStream } from './own.js'
import { PROTOCOLS } from './protocols.js'
import type { Frame, FrameStream, Reading } from './reading.js'

export interface AnswerInput {
  /** The response's content type; '' when absent. */
  readonly contentType: string
  /** The whole body, decoded. */
  readonly body: Uint8Array
  /** It came in more than one write, or without a length. */
  readonly streamed: boolean
  /** The request asked for JSON: the answer's text has to be JSON. */
  readonly expectsJson: boolean
  /** False: answers with tool calls are skipped. */
  readonly allowToolCalls: boolean
  /** What was seen of the model calls that the handler made. */
  readonly upstream: 'complete' | 'failed' | 'unknown'
  /** The id of the provider whose shape the request had. Counts only where the answer alone could be several things. */
  readonly provider: string
}

export interface CompleteAnswer {
  readonly kind: 'complete'
  /** A provider's protocol ('openai-chat', ...), or 'json', 'sse', 'ndjson', 'text', 'binary' in the app's own form. */
  readonly protocol: string
  /** The answer has a provider's shape, or embeds one that has. */
  readonly fromModel: boolean
  readonly usage: Usage | undefined
  readonly model: string | undefined
}

/** An answer that must not be stored, and what it was billed for all the same, where it says so to its end. */
export interface SkippedAnswer {
  readonly kind: 'skip'
  readonly reason: SkipReason
  readonly usage?: Usage | undefined
  readonly model?: string | undefined
}

export type Verdict = CompleteAnswer | SkippedAnswer

/**
 * Judges a whole answer. Never throws. 110 KB of SSE take 1.6 ms in 500 chunks, 5 ms in 5000.
 *
 * @param parse gives what `formOf` makes of the body
 */
export function judgeAnswer(input: AnswerInput, parse: () => Form = () => formOf(mediaTypeOf(input.contentType), input.body)): Verdict {
  if (input.upstream === 'failed') return skip('upstream-failed')
  if (input.body.byteLength === 0) return skip('empty')
  if (mediaTypeOf(input.contentType) === 'application/problem+json') return skip('error-body')
  return judgeForm(parse(), input)
}

function judgeForm(form: Form, input: AnswerInput): Verdict {
  switch (form.kind) {
    case 'json':
      return judgeJson(form, input)
    case 'stream':
      return judgeStream(form.stream, input)
    case 'text':
      return judgeText(form.text, input)
    case 'binary':
      return unverified(input) ? skip('unverified') : own('binary')
    case 'broken':
      return skip('invalid-json')
  }
}

function judgeJson({ value, mayGoOn }: JsonForm, input: AnswerInput): Verdict {
  if (isErrorObject(value)) return skip('error-body')
  if (Array.isArray(value)) {
    if (isGeminiArray(value)) return judgeReading('gemini', readGemini(objectsIn(value)), input)
    // A stream of chunks as one array may end in an error.
    if (value.some(isErrorObject)) return skip('error-body')
  } else if (!isObject(value)) {
    return isVoid(value) ? skip('empty') : judgeText(String(value), { ...input, expectsJson: false })
  }
  const body = value as JsonObject | readonly unknown[]
  const protocol = isObject(body) ? PROTOCOLS.find((candidate) => candidate.isBody(body)) : undefined
  if (protocol) return judgeReading(protocol.name, protocol.readBody(body as JsonObject), input)
  const { reason, ...answer } = readOwnJson(body, input)
  if (reason) return skip(reason, answer)
  return mayGoOn && unverified(input) ? skip('unverified') : { kind: 'complete', protocol: 'json', ...answer }
}

function judgeStream(stream: FrameStream, input: AnswerInput): Verdict {
  if (stream.frames.some((frame) => isErrorEvent(frame.event) || isErrorObject(frame.json))) return skip('error-frame')
  if (stream.partial) return skip('no-terminal-marker')
  if (stream.frames.length === 0) return skip('empty')
  const dialect = dialectOf(stream, input.provider)
  if (dialect) {
    if (stream.frames.some(isBrokenFrame)) return skip('invalid-json')
    return judgeReading(dialect.name, dialect.readStream(stream), input)
  }
  const { reason, terminal } = readOwnStream(stream, input)
  if (reason) return skip(reason)
  return !terminal && unverified(input) ? skip('unverified') : own(stream.form)
}

/** In a provider's dialect all data is JSON; events under a name of their own (`event: ping`) may carry words. */
function isBrokenFrame({ event, data, json }: Frame): boolean {
  if (json !== undefined || data === DONE || data === '') return false
  return event === undefined || /^\s*[{["]/.test(data)
}

function judgeText(text: string, input: AnswerInput): Verdict {
  if (text.trim() === '') return skip('empty')
  if (unverified(input)) return skip('unverified')
  return input.expectsJson && parseJson(text) === undefined ? skip('schema-mismatch') : own('text')
}

function judgeReading(protocol: string, reading: Reading, input: AnswerInput): Verdict {
  const reason = gate(reading, input)
  const { usage, model } = reading
  // What an answer that broke off has counted so far is less than what it cost.
  if (reason) return skip(reason, reading.terminal ? { usage, model } : undefined)
  return { kind: 'complete', protocol, fromModel: true, usage, model }
}

/** Nothing in the bytes shows whether they are all there, and nobody saw the model finish. */
function unverified({ streamed, upstream }: AnswerInput): boolean {
  return streamed && upstream !== 'complete'
}

function own(protocol: string): CompleteAnswer {
  return { kind: 'complete', protocol, fromModel: false, usage: undefined, model: undefined }
}

function skip(reason: SkipReason, { usage, model }: Pick<SkippedAnswer, 'usage' | 'model'> = {}): Verdict {
  return { kind: 'skip', reason, usage, model }
}
