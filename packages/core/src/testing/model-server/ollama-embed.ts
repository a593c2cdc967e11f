/** `POST /api/embed`, https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings */

import { errorBody } from './faults.js'
import type { WireFormat } from './format.js'
import { asNumber, asStrings, BadRequestError, type JsonObject, requireString } from './json.js'
import { embed } from './openai-embeddings.js'

export const ollamaEmbed: WireFormat = {
  provider: 'ollama',
  path: /\/api\/embed$/,
  streamType: 'application/x-ndjson',
  read: (body) => {
    const model = requireString(body, 'model')
    const inputs = inputsOf(body)
    if (inputs.length === 0) throw new BadRequestError('input', 'missing input')
    if (body.truncate === false && inputs.some((text) => text.length > MAX_LENGTH))
      throw new BadRequestError('input', 'input length exceeds maximum context length')
    const input = inputs.join('\n')
    return { model, prompt: input, input, stream: false, count: 0, maxTokens: undefined, stop: [], json: undefined, tool: undefined, body }
  },
  whole: ({ body, model }, answer, fault) => ({
    model,
    embeddings: inputsOf(body).map((text) => [
      ...embed(text.slice(0, MAX_LENGTH), (asNumber(body.dimensions) ?? DIMENSIONS) + (fault === 'wrong-dimension' ? 1 : 0)),
    ]),
    total_duration: 1_000_000,
    load_duration: 0,
    prompt_eval_count: answer.inputTokens,
  }),
  frames: () => [],
  errorFrame: (failure) => `${JSON.stringify(errorBody('ollama', failure, ''))}\n`,
}

function inputsOf(body: JsonObject): readonly string[] {
  return typeof body.input === 'string' ? [body.input] : asStrings(body.input)
}

const DIMENSIONS = 768
/** UTF-16 units of its context. */
const MAX_LENGTH = 8192
