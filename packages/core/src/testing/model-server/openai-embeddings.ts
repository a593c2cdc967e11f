/** `POST /v1/embeddings`, https://platform.openai.com/docs/api-reference/embeddings */

import { createHashEmbedder } from '../../semantic/embedders/hash.js'
import { errorBody } from './faults.js'
import { EVENT_STREAM, type Question, sseFrame, type WireFormat } from './format.js'
import { asArray, asNumber, BadRequestError, type JsonObject, requireString } from './json.js'

export const openaiEmbeddings: WireFormat = {
  provider: 'openai',
  path: /\/embeddings$/,
  streamType: EVENT_STREAM,
  read,
  whole: (question, answer, fault) => ({
    object: 'list',
    data: inputsOf(question.body).map((input, index) => {
      const vector = embed(input, dimensionsOf(question.body) + (fault === 'wrong-dimension' ? 1 : 0))
      return { object: 'embedding', index, embedding: question.body.encoding_format === 'base64' ? toBase64(vector) : [...vector] }
    }),
    model: question.model,
    usage: { prompt_tokens: answer.inputTokens, total_tokens: answer.inputTokens },
  }),
  frames: () => [],
  errorFrame: (failure) => sseFrame(errorBody('openai', failure, '')).text,
}

/** A vector of length 1 for `text`, the same for the same text; its cosines are those of the hash embedder, folded to `dimensions`. */
export function embed(text: string, dimensions: number): Float32Array {
  const [wide] = HASH.embed([text]) as readonly Float32Array[]
  const vector = new Float32Array(dimensions)
  for (const [at, value] of (wide as Float32Array).entries()) vector[at % dimensions] = (vector[at % dimensions] as number) + value
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

function read(body: JsonObject): Question {
  const model = requireString(body, 'model')
  const inputs = inputsOf(body)
  if (inputs.length === 0 || inputs.includes(''))
    throw new BadRequestError('input', "Invalid 'input': expected text or tokens that are not empty.")
  const dimensions = body.dimensions
  if (dimensions !== undefined && !(Number.isInteger(dimensions) && (dimensions as number) > 0 && dimensionsOf(body) <= 3072)) {
    throw new BadRequestError('dimensions', "Invalid 'dimensions': expected an integer between 1 and 3072.")
  }
  const input = inputs.join('\n')
  return { model, prompt: input, input, stream: false, count: 0, maxTokens: undefined, stop: [], json: undefined, tool: undefined, body }
}

/** Texts to embed; a list of token numbers counts as one text. */
function inputsOf(body: JsonObject): string[] {
  if (typeof body.input === 'string') return [body.input]
  const list = asArray(body.input) ?? []
  return typeof list[0] === 'number' ? [list.join(' ')] : list.map((item) => (Array.isArray(item) ? item.join(' ') : String(item)))
}

function dimensionsOf(body: JsonObject): number {
  return asNumber(body.dimensions) ?? (body.model === 'text-embedding-3-large' ? 3072 : 1536)
}

const HASH = createHashEmbedder({ dimensions: 4096 })

/** Little-endian 32-bit floats in base64, as the API sends them. */
function toBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4)
  return bytes.toString('base64')
}
