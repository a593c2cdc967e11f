/** Gemini `generateContent` and `streamGenerateContent`, whose chunks (SSE, or one JSON array) have the shape of the whole. */

import { finishOf } from './finish.js'
import { isObject, isVoid, type JsonObject, nameOf, objectsIn, textOf } from './json.js'
import { type Choice, Choices, type FrameStream, type Protocol, type Reading } from './reading.js'
import { member, sum, usageOf } from './usage.js'

export const gemini: Protocol = {
  name: 'gemini',
  isBody: isResponse,
  readBody: (body) => readGemini([body]),
  isFrame: isResponse,
  readStream: (stream: FrameStream) => readGemini(stream.objects),
}

/** The array form of a stream: `streamGenerateContent` without `alt=sse`. */
export function isGeminiArray(values: readonly unknown[]): boolean {
  const chunks = objectsIn(values)
  return chunks.length === values.length && chunks.every(isChunk) && chunks.some(isResponse)
}

export function readGemini(chunks: readonly JsonObject[]): Reading {
  const candidates = new Choices()
  let fault: Reading['fault']
  let model: string | undefined
  let usage: JsonObject = {}
  for (const chunk of chunks) {
    model ??= nameOf(chunk.modelVersion)
    if (isObject(chunk.usageMetadata)) usage = chunk.usageMetadata
    if (!isVoid(member(chunk, 'promptFeedback').blockReason)) fault = 'finish-content-filter'
    for (const raw of objectsIn(chunk.candidates)) {
      const candidate = candidates.at(raw.index)
      const said = addParts(candidate, objectsIn(member(raw, 'content').parts))
      const finish = finishOf(raw.finishReason)
      if (finish !== undefined || said) candidate.finish = finish
    }
  }
  return {
    choices: candidates.list(),
    terminal: true,
    fault,
    model,
    usage: usageOf(usage.promptTokenCount, sum(usage.candidatesTokenCount, usage.thoughtsTokenCount), usage.cachedContentTokenCount),
  }
}

/** Adds a candidate's parts; true when there was one with content. Thoughts are not text for the user. */
function addParts(candidate: Choice, parts: readonly JsonObject[]): boolean {
  let said = false
  for (const part of parts) {
    if (part.thought === true) continue
    const text = textOf(part.text)
    const toolCall = TOOL_PARTS.some((name) => isObject(part[name]))
    const other = isObject(part.inlineData) || isObject(part.fileData)
    candidate.text += text
    candidate.toolCall ||= toolCall
    candidate.otherContent ||= other
    said ||= text !== '' || toolCall || other
  }
  return said
}

const TOOL_PARTS: readonly string[] = [
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
  'toolCall',
  'toolResponse',
]

/** A list of `candidates` alone could be anyone's: each has to look like a model's. */
function isResponse(value: JsonObject): boolean {
  const candidates = objectsIn(value.candidates)
  if (candidates.length === 0) return isObject(value.promptFeedback) && 'blockReason' in value.promptFeedback
  return candidates.every((candidate) => typeof candidate.finishReason === 'string' || Array.isArray(member(candidate, 'content').parts))
}

function isChunk(value: JsonObject): boolean {
  return isResponse(value) || isObject(value.usageMetadata)
}
