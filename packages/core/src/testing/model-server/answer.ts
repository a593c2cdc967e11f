/** Makes the model's answer to a question, with the faults that show in the answer itself. */

import { randomUUID } from 'node:crypto'
import type { Answer, Choice, Finish, Question } from './format.js'
import { sampleJson, sampleSchema } from './sample.js'
import { estimateTokens, splitTokens, writeText } from './text.js'
import type { Fault } from './types.js'

/** Sentence of a model that declines. */
const REFUSAL = "I'm sorry, but I can't help with that request."

/** 24 random hexadecimal digits. */
export function uniqueId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 24)
}

/**
 * Answers `question`. Equal questions get equal words as long as `variation` is equal; the id is new each time.
 * @param nowMs time of the answer, in ms since the epoch
 * @param reply what to say instead of words of its own
 */
export function composeAnswer(question: Question, fault: Fault | undefined, variation: number, nowMs: number, reply?: string): Answer {
  const choices = Array.from({ length: question.count }, (_, index) => composeChoice(question, fault, index, variation + index, reply))
  return {
    id: uniqueId(),
    createdAt: Math.floor(nowMs / 1000),
    choices,
    inputTokens: Math.max(1, estimateTokens(question.input)),
    outputTokens: choices.reduce((sum, choice) => sum + choice.tokens.length, 0),
  }
}

function composeChoice(question: Question, fault: Fault | undefined, index: number, variation: number, reply: string | undefined): Choice {
  const plain = { index, tool: undefined, stopSequence: undefined }
  if (fault === 'empty') return { ...plain, tokens: [], finish: 'stop' }
  if (fault === 'refusal') return { ...plain, tokens: splitTokens(REFUSAL), finish: 'refusal' }

  const full = question.tool
    ? JSON.stringify(sampleSchema(question.tool.schema, question.prompt))
    : (reply ?? generate(question, variation))
  const { text, stopSequence } = question.tool ? { text: full, stopSequence: undefined } : cutAtStop(full, question.stop)
  const tokens = splitTokens(text)
  const tool = question.tool && { id: uniqueId(), name: question.tool.name }
  const half = tokens.slice(0, Math.ceil(tokens.length / 2))
  if (fault === 'length') return { ...plain, tool, tokens: half, finish: 'length' }
  if (fault === 'content-filter') return { ...plain, tokens: half, finish: 'filter' }
  if (question.maxTokens !== undefined && tokens.length > question.maxTokens) {
    return { ...plain, tool, tokens: tokens.slice(0, question.maxTokens), finish: 'length' }
  }
  let finish: Finish = tool ? 'tool' : 'stop'
  if (fault === 'pause') finish = 'pause'
  if (fault === 'no-terminal' && !question.stream) finish = 'none'
  return { index, tool, tokens, finish, stopSequence }
}

function generate(question: Question, variation: number): string {
  if (!question.json) return writeText(question.prompt, variation)
  const { schema } = question.json
  return JSON.stringify(schema === undefined ? sampleJson(question.prompt) : sampleSchema(schema, question.prompt))
}

function cutAtStop(text: string, stop: readonly string[]): { text: string; stopSequence: string | undefined } {
  let end = text.length
  let stopSequence: string | undefined
  for (const sequence of stop) {
    const at = sequence === '' ? -1 : text.indexOf(sequence)
    if (at !== -1 && at < end) {
      end = at
      stopSequence = sequence
    }
  }
  return { text: text.slice(0, end), stopSequence }
}
