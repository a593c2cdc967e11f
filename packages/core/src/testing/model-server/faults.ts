/** Which fault a call meets, and how each provider words an error. */

import type { Failure, Provider } from './format.js'
import { BadRequestError } from './json.js'
import { FAULTS, type Fault } from './types.js'

const MARK = /\[\[fault:([a-z0-9-]+)\]\]/

export function isFault(value: string): value is Fault {
  return (FAULTS as readonly string[]).includes(value)
}

/** The fault that a prompt asks for by `[[fault:name]]`. Throws `BadRequestError` for an unknown name. */
export function faultOfPrompt(prompt: string): Fault | undefined {
  const name = MARK.exec(prompt)?.[1]
  if (name === undefined) return undefined
  if (isFault(name)) return name
  throw new BadRequestError('messages', `Unknown fault '${name}'. Known faults: ${FAULTS.join(', ')}.`)
}

/** The error that answers in the model's place, for faults that are refusals of the whole call. */
export function failureOf(fault: Fault, provider: Provider): Failure | undefined {
  switch (fault) {
    case 'rate-limit':
      return { status: 429, kind: 'rate-limit', message: 'Rate limit reached for requests. Please try again in 1s.' }
    case 'server-error':
      return { status: 500, kind: 'server', message: 'The server had an error while processing your request.' }
    case 'overloaded':
      return { status: provider === 'anthropic' ? 529 : 503, kind: 'overloaded', message: 'Overloaded' }
    case 'bad-key':
      return { status: 401, kind: 'authentication', message: 'Incorrect API key provided.' }
    default:
      return undefined
  }
}

/** The failure inside an answer that had begun well. */
export const BROKEN_OFF: Failure = { status: 500, kind: 'overloaded', message: 'The model failed while it was answering.' }

const OPENAI_TYPES: Readonly<Record<Failure['kind'], readonly [type: string, code: string | null]>> = {
  invalid: ['invalid_request_error', null],
  authentication: ['invalid_request_error', 'invalid_api_key'],
  'not-found': ['invalid_request_error', 'unknown_url'],
  'rate-limit': ['requests', 'rate_limit_exceeded'],
  server: ['server_error', null],
  overloaded: ['server_error', 'server_error'],
}

const ANTHROPIC_TYPES: Readonly<Record<Failure['kind'], string>> = {
  invalid: 'invalid_request_error',
  authentication: 'authentication_error',
  'not-found': 'not_found_error',
  'rate-limit': 'rate_limit_error',
  server: 'api_error',
  overloaded: 'overloaded_error',
}

const GEMINI_STATUS: Readonly<Record<Failure['kind'], string>> = {
  invalid: 'INVALID_ARGUMENT',
  authentication: 'UNAUTHENTICATED',
  'not-found': 'NOT_FOUND',
  'rate-limit': 'RESOURCE_EXHAUSTED',
  server: 'INTERNAL',
  overloaded: 'UNAVAILABLE',
}

/** OpenAI's `code` and `type` of a failure. */
export function openaiTypes(failure: Failure): { readonly type: string; readonly code: string | null } {
  const [type, code] = OPENAI_TYPES[failure.kind]
  return { type, code }
}

/** The JSON body of an error. */
export function errorBody(provider: Provider, failure: Failure, requestId: string): unknown {
  const { message } = failure
  switch (provider) {
    case 'openai': {
      const { type, code } = openaiTypes(failure)
      return { error: { message, type, param: failure.param ?? null, code } }
    }
    case 'anthropic':
      return { type: 'error', error: { type: ANTHROPIC_TYPES[failure.kind], message }, request_id: requestId }
    case 'gemini':
      return { error: { code: failure.status, message, status: GEMINI_STATUS[failure.kind] } }
    case 'ollama':
      return { error: message }
  }
}
