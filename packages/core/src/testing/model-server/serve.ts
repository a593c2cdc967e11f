/** One request, from its body to its answer. */

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { composeAnswer, uniqueId } from './answer.js'
import { anthropicMessages } from './anthropic.js'
import type { CallLog, LiveCall } from './calls.js'
import { BROKEN_OFF, errorBody, failureOf, faultOfPrompt } from './faults.js'
import type { Failure, Provider, Question, WireFormat } from './format.js'
import type { Gate } from './gate.js'
import { geminiContent } from './gemini.js'
import { asObject, BadRequestError } from './json.js'
import { answerModels } from './models.js'
import { ollamaChat, ollamaGenerate } from './ollama.js'
import { ollamaEmbed } from './ollama-embed.js'
import { openaiChat } from './openai-chat.js'
import { openaiCompletions } from './openai-completions.js'
import { openaiEmbeddings } from './openai-embeddings.js'
import { openaiResponses } from './openai-responses.js'
import type { ResolvedOptions } from './options.js'
import type { Pace } from './pace.js'
import { type Line, sendFrames, sendWhole, spoilFrames } from './send.js'
import type { Fault } from './types.js'

/** The first whose path matches; `/completions` must come after `/chat/completions`. */
const FORMATS: readonly WireFormat[] = [
  openaiChat,
  openaiResponses,
  openaiEmbeddings,
  openaiCompletions,
  anthropicMessages,
  geminiContent,
  ollamaChat,
  ollamaGenerate,
  ollamaEmbed,
]

const MAX_BODY_BYTES = 64 * 1024 * 1024

/** What the requests of one server share. */
export interface ServerState {
  readonly options: ResolvedOptions
  readonly log: CallLog
  readonly gate: Gate
  readonly pacer: (signal: AbortSignal) => Pace
  readonly queue: Fault[]
  /** Breaks off each call being served. */
  readonly open: Set<() => void>
}

export async function serve(state: ServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request)
  if (body === undefined) return
  const url = new URL(request.url ?? '/', 'http://localhost')
  const format = FORMATS.find((candidate) => candidate.path.test(url.pathname))
  const provider: Provider = format?.provider ?? (request.headers['anthropic-version'] === undefined ? 'openai' : 'anthropic')
  const call = createCall(url.pathname, request)
  let question: Question | undefined
  let failure: Failure | undefined
  let models: unknown
  try {
    if (format && request.method === 'POST') {
      question = readQuestion(format, body, url, call)
      Object.assign(call, { model: question.model, stream: question.stream, prompt: question.prompt })
      call.fault = state.queue.shift() ?? faultOfPrompt(question.prompt) ?? state.options.fault?.(call)
      failure = call.fault && failureOf(call.fault, provider)
    } else {
      models = request.method === 'GET' ? answerModels(url.pathname, request.headers) : undefined
      if (models === undefined) failure = { status: 404, kind: 'not-found', message: `Invalid URL (${request.method} ${url.pathname})` }
    }
  } catch (error) {
    failure = describeError(error)
  }

  const line = open(state, call, response)
  const headers = { ...providerHeaders(provider, call.id), ...state.options.headers }
  if (failure) {
    const retry = failure.status === 429 ? { 'retry-after': '1' } : {}
    await sendWhole(line, failure.status, { ...headers, ...retry }, JSON.stringify(errorBody(provider, failure, `req_${call.id}`)))
  } else if (format && question) {
    await answer(state, line, format, question, headers)
  } else {
    await sendWhole(line, 200, headers, JSON.stringify(models))
  }
}

async function answer(state: ServerState, line: Line, format: WireFormat, question: Question, headers: OutgoingHttpHeaders): Promise<void> {
  const { call } = line
  const { options } = state
  if (call.fault === 'hang') {
    line.turnstile.leave()
    return
  }
  const variation = options.vary ? state.log.calls.length * 16 : 0
  const composed = composeAnswer(question, call.fault, variation, options.clock.now(), options.reply?.(call))
  call.id = composed.id
  call.usage = { inputTokens: composed.inputTokens, outputTokens: composed.outputTokens }
  if (question.stream) {
    const frames = spoilFrames(format.frames(question, composed), call.fault, () => format.errorFrame(BROKEN_OFF))
    const streamHeaders = { 'content-type': format.streamType, 'cache-control': 'no-cache', ...headers }
    await sendFrames(line, streamHeaders, frames, options.chunkBytes)
    return
  }
  const whole =
    call.fault === 'error-frame' ? errorBody(format.provider, BROKEN_OFF, `req_${call.id}`) : format.whole(question, composed, call.fault)
  const text = JSON.stringify(whole)
  await sendWhole(line, 200, headers, call.fault === 'malformed-json' ? text.slice(0, Math.ceil(text.length / 2)) : text)
}

/** Records the call and ties it to its connection. */
function open(state: ServerState, call: LiveCall, response: ServerResponse): Line {
  const controller = new AbortController()
  const turnstile = state.gate.enter()
  let ours = false
  const breakOff = (): void => {
    ours = true
    response.destroy()
  }
  const line: Line = {
    call,
    response,
    turnstile,
    pace: state.pacer(controller.signal),
    signal: controller.signal,
    extraMs: call.fault === 'slow-first-byte' ? state.options.slowFirstByteMs : 0,
    complete: false,
    changed: state.log.changed,
    breakOff,
  }
  const closed = (): void => {
    state.open.delete(breakOff)
    call.aborted = !response.writableFinished && !line.complete && !ours
    call.done = true
    controller.abort()
    turnstile.leave()
    state.log.changed()
  }
  state.open.add(breakOff)
  state.log.add(call)
  // The client may have left while its body was read.
  if (response.destroyed) closed()
  else response.once('close', closed)
  return line
}

function createCall(path: string, request: IncomingMessage): LiveCall {
  return {
    path,
    model: '',
    stream: false,
    status: 0,
    aborted: false,
    done: false,
    chunks: 0,
    prompt: '',
    fault: undefined,
    id: uniqueId(),
    usage: { inputTokens: 0, outputTokens: 0 },
    headers: request.headers,
    body: undefined,
  }
}

function readQuestion(format: WireFormat, body: Buffer, url: URL, call: LiveCall): Question {
  if (body.length > MAX_BODY_BYTES) throw new BadRequestError('', 'The request body is too large.')
  try {
    call.body = JSON.parse(body.toString())
  } catch {
    throw new BadRequestError('', 'We could not parse the JSON body of your request.')
  }
  const value = asObject(call.body)
  if (!value) throw new BadRequestError('', 'The JSON body of the request must be an object.')
  return format.read(value, url)
}

function describeError(error: unknown): Failure {
  if (error instanceof BadRequestError) return { status: 400, kind: 'invalid', message: error.message, param: error.param }
  return { status: 500, kind: 'server', message: error instanceof Error ? error.message : String(error) }
}

function providerHeaders(provider: Provider, id: string): OutgoingHttpHeaders {
  if (provider === 'anthropic') return { 'request-id': `req_${id}`, 'anthropic-organization-id': 'simulated' }
  if (provider === 'openai') return { 'x-request-id': `req_${id}`, 'openai-version': '2020-10-01', 'openai-organization': 'simulated' }
  return {}
}

/** The whole body, or its first bytes over the limit; undefined when the client left meanwhile. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size <= MAX_BODY_BYTES + chunk.length) chunks.push(chunk)
    }
  } catch {
    return undefined
  }
  return Buffer.concat(chunks)
}
