/** Embeddings of OpenAI, Ollama and Gemini: always one JSON body. */

import { isObject, type JsonObject, nameOf, objectsIn } from './json.js'
import { newChoice, type Protocol, type Reading } from './reading.js'
import { openaiUsage, usageOf } from './usage.js'

export const embeddings: Protocol = {
  name: 'embeddings',
  isBody: (body) => vectorsIn(body) !== undefined,
  readBody,
  isFrame: () => false,
  readStream: () => ({ choices: [], terminal: false, fault: undefined, model: undefined, usage: undefined }),
}

function readBody(body: JsonObject): Reading {
  const choices = (vectorsIn(body) ?? []).map((vector) => ({ ...newChoice('done'), otherContent: isVector(vector) }))
  const usage = openaiUsage(body.usage) ?? usageOf(body.prompt_eval_count, undefined, undefined)
  return { choices, terminal: true, fault: undefined, model: nameOf(body.model), usage }
}

/** OpenAI `data[].embedding`, Ollama `embeddings[]` and `embedding`, Gemini `embeddings[].values` and `embedding.values`. */
function vectorsIn(body: JsonObject): readonly unknown[] | undefined {
  if (body.object === 'list' && Array.isArray(body.data)) {
    const items = objectsIn(body.data)
    return items.length > 0 && items.every((item) => item.object === 'embedding') ? items.map((item) => item.embedding) : undefined
  }
  if (!Object.keys(body).every((name) => MEMBERS.has(name))) return undefined
  const found = Array.isArray(body.embeddings) ? body.embeddings : 'embedding' in body ? [body.embedding] : []
  const vectors = found.map((item: unknown) => (isObject(item) ? item.values : item))
  return vectors.length > 0 && vectors.every(Array.isArray) ? vectors : undefined
}

/** Numbers, or base64 of float32 (what the OpenAI SDK asks for). */
function isVector(value: unknown): boolean {
  return typeof value === 'string' ? value !== '' : Array.isArray(value) && value.length > 0 && value.every(Number.isFinite)
}

/** Of Ollama's and Gemini's bodies. With anything else beside it, a vector is part of the app's own answer. */
const MEMBERS: ReadonlySet<string> = new Set([
  'embedding',
  'embeddings',
  'model',
  'total_duration',
  'load_duration',
  'prompt_eval_count',
  'usageMetadata',
])
