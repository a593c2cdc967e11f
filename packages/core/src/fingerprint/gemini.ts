/** Gemini's generateContent and streamGenerateContent, also on Vertex. https://ai.google.dev/api/generate-content */

import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../lib/canonical.js'
import { GEMINI_DEFAULTS } from './defaults.js'
import { path } from './normalize.js'
import { lastTurn, type TurnRule } from './prompt.js'
import { modelField, type Provider } from './provider.js'

const ROLES: ReadonlySet<unknown> = new Set([undefined, 'user', 'model', 'function', 'system'])
const PART_FIELDS = ['text', 'inlineData', 'inline_data', 'fileData', 'file_data', 'functionCall', 'functionResponse', 'executableCode']
const RESULT_FIELDS = ['functionResponse', 'function_response', 'toolResponse', 'tool_response', 'codeExecutionResult']
const TURN: TurnRule = {
  roles: new Set([undefined, 'user']),
  field: 'parts',
  isText: (part) => typeof part.text === 'string',
  isResult: (part) => RESULT_FIELDS.some((field) => hasField(part, field)),
}
/** `models/<model>:<action>`, matched in the lower-cased path. */
const ACTION = /\/models\/([^/:]+):([a-z]+)$/
const GENERATE: ReadonlySet<unknown> = new Set([undefined, 'generatecontent', 'streamgeneratecontent'])

export const gemini: Provider = {
  id: 'gemini',
  // Other actions (countTokens, embedContent) take contents too, but answer otherwise.
  matches: ({ contents }, context) =>
    GENERATE.has(ACTION.exec(context.path)?.[2]) && isJsonArray(contents) && contents.length > 0 && contents.every(isContent),
  model: (body, context) => ACTION.exec(context.path)?.[1] ?? modelField(body),
  expectsJson(body) {
    const config = body.generationConfig ?? body.generation_config
    if (!isJsonObject(config)) return false
    const type = config.responseMimeType ?? config.response_mime_type
    const schema = config.responseSchema ?? config.responseJsonSchema ?? config.response_schema ?? config.response_json_schema
    return type === 'application/json' || (isJsonObject(schema) && type !== 'text/x.enum')
  },
  prompt: (body) => lastTurn(body, 'contents', TURN),
  defaults: GEMINI_DEFAULTS,
  ignored: [],
  loose: {
    texts: [path('contents.*.parts.*.text'), path('systemInstruction.parts.*.text'), path('system_instruction.parts.*.text')],
    rounded: ['temperature', 'topP', 'presencePenalty', 'frequencyPenalty'].map((name) => ['generationConfig', name]),
    limits: [path('generationConfig.maxOutputTokens'), path('generation_config.max_output_tokens')],
  },
}

function isContent(content: JsonValue): boolean {
  if (!isJsonObject(content) || !ROLES.has(content.role) || !isJsonArray(content.parts)) return false
  return content.parts.length > 0 && content.parts.every(isPart)
}

function isPart(part: JsonValue): boolean {
  return isJsonObject(part) && PART_FIELDS.some((field) => hasField(part, field))
}

function hasField(part: JsonObject, field: string): boolean {
  return Object.hasOwn(part, field)
}
