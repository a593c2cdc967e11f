/** What an answer says, whatever its protocol and whether it came as a stream: what two answers are compared by. */

import { canonicalJson, type JsonValue } from '../lib/canonical.js'
import { dialectOf } from './dialect.js'
import { isErrorEvent, isErrorObject } from './fault.js'
import { DONE, type Form, formOf, mediaTypeOf } from './form.js'
import { isGeminiArray, readGemini } from './gemini.js'
import { isObject, type JsonObject, objectsIn, parseJson } from './json.js'
import { isEnd } from './own.js'
import { plainValue, wordsOf } from './own-text.js'
import { PROTOCOLS } from './protocols.js'
import type { Frame, FrameStream, Reading } from './reading.js'

export interface AnswerContent {
  /**
   * For the user, without reasoning; of an answer in several steps that of the last step. Several choices are joined by line feeds. Of
   * an app's own JSON the one text in it, or the JSON itself in canonical form without ids, times, model and usage. Private.
   */
  readonly text: string
  /** The text as JSON, where it is an object or an array, also within a code fence. */
  readonly json?: unknown
  /** The answer calls tools, or tells of calls that the provider made. */
  readonly toolCalls: boolean
}

/**
 * The content of a whole answer with status 200. Undefined where it is not whole, reports an error, has no text, or says something that
 * is not text (an image, audio, data parts): then comparing texts would not compare answers. Never throws.
 *
 * @param body decoded, as it was stored
 * @param provider whose shape the request had; counts only where the answer alone could be several things
 */
export function answerTextOf(contentType: string, body: Uint8Array, provider: string): AnswerContent | undefined {
  return contentOf(formOf(mediaTypeOf(contentType), body), provider)
}

/** As `answerTextOf`, of a body that was parsed already. */
export function contentOf(form: Form, provider: string): AnswerContent | undefined {
  switch (form.kind) {
    case 'json':
      return jsonContent(form.value)
    case 'stream':
      return streamContent(form.stream, provider)
    case 'text':
      return content(form.text, false)
    default:
      return undefined
  }
}

function jsonContent(value: unknown): AnswerContent | undefined {
  if (isErrorObject(value)) return undefined
  if (Array.isArray(value)) {
    if (isGeminiArray(value)) return readingContent(readGemini(objectsIn(value)))
    if (value.some(isErrorObject)) return undefined
  }
  const protocol = isObject(value) ? PROTOCOLS.find((candidate) => candidate.isBody(value)) : undefined
  if (protocol) return readingContent(protocol.readBody(value as JsonObject))
  const own = plainValue(value)
  return own && content(typeof own.value === 'string' ? own.value : canonicalJson(own.value as JsonValue), own.toolCalls)
}

function streamContent(stream: FrameStream, provider: string): AnswerContent | undefined {
  if (stream.partial || stream.frames.some((frame) => isErrorEvent(frame.event) || isErrorObject(frame.json))) return undefined
  const dialect = dialectOf(stream, provider)
  return dialect ? readingContent(dialect.readStream(stream)) : ownStreamContent(stream.frames)
}

/** Pieces of text follow each other; objects without one stand on lines of their own. */
function ownStreamContent(frames: readonly Frame[]): AnswerContent | undefined {
  let text = ''
  let toolCalls = false
  for (const frame of frames) {
    if (frame.event === 'ping' || frame.data === DONE || (isEnd(frame) && !isObject(frame.json))) continue
    if (!isObject(frame.json)) {
      text += typeof frame.json === 'string' ? frame.json : frame.data
      continue
    }
    const words = wordsOf(frame.json)
    if (words !== undefined) text += words
    else if (!isEnd(frame)) {
      const own = plainValue(frame.json)
      if (!own) return undefined
      text += own.value === '' ? '' : `\n${typeof own.value === 'string' ? own.value : canonicalJson(own.value as JsonValue)}`
      toolCalls ||= own.toolCalls
    }
  }
  return content(text, toolCalls)
}

function readingContent({ choices, fault, terminal }: Reading): AnswerContent | undefined {
  if (fault || !terminal || choices.length === 0) return undefined
  if (choices.some((choice) => choice.finish === undefined || choice.otherContent || choice.refusal)) return undefined
  const toolCalls = choices.some((choice) => choice.toolCall || choice.finish === 'tool-calls')
  return content(choices.map((choice) => choice.text).join('\n'), toolCalls)
}

function content(text: string, toolCalls: boolean): AnswerContent | undefined {
  if (text.trim() === '') return undefined
  const json = parseJson(FENCE.exec(text)?.[1] ?? text)
  return typeof json === 'object' && json !== null ? { text, json, toolCalls } : { text, toolCalls }
}

/** Models like to put JSON into one. */
const FENCE = /^\s*```(?:json)?[ \t]*\r?\n([\s\S]*?)\r?\n?```\s*$/i
