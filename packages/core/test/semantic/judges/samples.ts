/** Judgements for the tests. */

import { answerTextOf } from '../../../src/answer/text.js'
import type { AnswerText, Judge, Judgement } from '../../../src/semantic/ports.js'

/** As a model's answer with this text is read. */
export function answer(text: string): AnswerText {
  const body = { object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }] }
  const content = answerTextOf('application/json', new TextEncoder().encode(JSON.stringify(body)), 'openai-chat')
  if (!content) throw new Error('blank answer')
  return content.json === undefined ? { text } : { text, json: content.json }
}

export function judgement(a: string, b: string, prompts: readonly [string, string] = ['How do I pay?', 'How can I pay?']): Judgement {
  return { prompts, answers: [answer(a), answer(b)] }
}

/** The verdict, the same for either order of the answers. */
export async function verdict(judge: Judge, a: string, b: string): Promise<string | undefined> {
  const found = await judge.judge(judgement(a, b))
  const turned = await judge.judge(judgement(b, a))
  if (found !== turned) throw new Error(`${found} and, turned round, ${turned}`)
  return found
}
