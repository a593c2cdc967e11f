/** `POST /v1/completions` (legacy), https://platform.openai.com/docs/api-reference/completions */

import { errorBody } from './faults.js'
import { type Answer, type Choice, EVENT_STREAM, type Frame, type Question, sseFrame, type WireFormat } from './format.js'
import { asArray, asNumber, asObject, asStrings, BadRequestError, type JsonObject, requireString } from './json.js'
import { OPENAI_FINISH, openaiUsage } from './openai-chat.js'

export const openaiCompletions: WireFormat = {
  provider: 'openai',
  path: /\/completions$/,
  streamType: EVENT_STREAM,
  read,
  whole: (question, answer) => ({
    ...head(question, answer),
    choices: answer.choices.map((choice) => piece(choice, choice.tokens.join(''), OPENAI_FINISH[choice.finish])),
    usage: openaiUsage(answer),
  }),
  frames,
  errorFrame: (failure) => sseFrame(errorBody('openai', failure, '')).text,
}

function read(body: JsonObject): Question {
  const model = requireString(body, 'model')
  const prompts = asStrings(body.prompt)
  const tokens = prompts.length === 0 ? asArray(body.prompt) : undefined
  if (prompts.length === 0 && !tokens) throw new BadRequestError('prompt', "Missing required parameter: 'prompt'.")
  const prompt = tokens ? `tokens ${tokens.join(' ')}` : prompts.join('\n')
  return {
    model,
    prompt,
    input: prompt,
    stream: body.stream === true,
    count: (asNumber(body.n) ?? 1) * Math.max(1, prompts.length),
    // The endpoint's own default of 16 tokens.
    maxTokens: asNumber(body.max_tokens) ?? 16,
    stop: asStrings(body.stop),
    json: undefined,
    tool: undefined,
    body,
  }
}

function head(question: Question, answer: Answer): JsonObject {
  return {
    id: `cmpl-${answer.id}`,
    object: 'text_completion',
    created: answer.createdAt,
    model: question.model,
    system_fingerprint: 'fp_simulated',
  }
}

function piece(choice: Choice, text: string, finish: string | null): JsonObject {
  return { text, index: choice.index, logprobs: null, finish_reason: finish }
}

function frames(question: Question, answer: Answer): Frame[] {
  const common = head(question, answer)
  const list = answer.choices.flatMap((choice) => [
    ...choice.tokens.map((token) => sseFrame({ ...common, choices: [piece(choice, token, null)] }, { tokens: 1 })),
    sseFrame({ ...common, choices: [piece(choice, '', OPENAI_FINISH[choice.finish])] }),
  ])
  if (asObject(question.body.stream_options)?.include_usage === true) {
    list.push(sseFrame({ ...common, choices: [], usage: openaiUsage(answer) }))
  }
  list.push(sseFrame('[DONE]', { terminal: true }))
  return list
}
