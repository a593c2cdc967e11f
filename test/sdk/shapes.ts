/** Handlers that answer in a form of their own: the bytes alone do not always show whether they are all there. */

import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { anthropicClient, type OpenAIMajor, openaiClient } from './clients.js'
import type { Answer, Call, Routes } from './frameworks.js'

const TEXT = { 'Content-Type': 'text/plain; charset=utf-8' }

/** Each takes a chat completions body. */
export function shapeRoutes(major: OpenAIMajor): (modelUrl: string) => Routes {
  return (modelUrl) => ({
    '/ndjson': async ({ body, signal }) => {
      const stream = openaiClient(major, modelUrl).chat.completions.stream(body as never, { signal })
      return { kind: 'response', response: new Response(stream.toReadableStream()) }
    },
    '/emitter': (call) => emitted(modelUrl, call),
    '/fetch': async ({ body, signal }) => {
      const upstream = await fetch(`${modelUrl}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...(body as object), stream: true }),
        signal,
      })
      const headers = { 'content-type': upstream.headers.get('content-type') ?? '' }
      return { kind: 'response', response: new Response(upstream.body, { status: upstream.status, headers }) }
    },
    '/text': async ({ body, signal }) => {
      const openai = openaiClient(major, modelUrl, { maxRetries: 2 })
      const stream = await openai.chat.completions.create({ ...(body as { model: string; messages: [] }), stream: true }, { signal })
      return { kind: 'chunks', headers: TEXT, chunks: textsOf(stream) }
    },
    '/http': async (call) => ({ kind: 'chunks', headers: TEXT, chunks: textsOf(framesOf(await post(modelUrl, call))) }),
    '/http-json': async (call) => {
      let answer = ''
      for await (const text of textsOf(framesOf(await post(modelUrl, call)))) answer += text
      return { kind: 'json', body: { answer } }
    },
  })
}

interface ChatChunk {
  readonly choices: readonly { readonly delta: { readonly content?: string | null } }[]
}

/** The words; a stream that breaks off just ends. */
async function* textsOf(stream: AsyncIterable<ChatChunk>): AsyncGenerator<string> {
  try {
    for await (const chunk of stream) {
      const text = chunk.choices[0]?.delta.content
      if (text) yield text
    }
  } catch {
    // As many handlers do.
  }
}

function emitted(modelUrl: string, { body, signal }: Call): Answer {
  const ask = (write: (text: string) => void, end: () => void): void => {
    const question = { ...(body as object), model: 'claude-haiku-4-5', max_tokens: 400 }
    anthropicClient(modelUrl)
      .messages.stream(question as never, { signal })
      .on('text', write)
      .on('error', end)
      .on('end', end)
  }
  return {
    kind: 'pipe',
    pipe: (response) => {
      response.writeHead(200, TEXT)
      ask(
        (text) => void response.write(text),
        () => void response.end(),
      )
    },
    response: () => {
      let over = false
      const chunks = new ReadableStream<Uint8Array>({
        start: (controller) =>
          ask(
            (text) => controller.enqueue(new TextEncoder().encode(text)),
            () => {
              if (!over) controller.close()
              over = true
            },
          ),
        cancel: () => {
          over = true
        },
      })
      return new Response(chunks, { headers: TEXT })
    },
  }
}

/** As HTTP clients on `node:http` (axios, got, needle) do it. */
function post(modelUrl: string, { body, signal }: Call): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const request = httpRequest(`${modelUrl}/v1/chat/completions`, { method: 'POST', headers, signal }, resolve)
    request.on('error', reject)
    request.end(JSON.stringify({ ...(body as object), stream: true }))
  })
}

async function* framesOf(response: IncomingMessage): AsyncGenerator<ChatChunk> {
  let rest = ''
  for await (const part of Readable.from(response) as AsyncIterable<Buffer>) {
    const frames = (rest + part.toString('latin1')).split('\n\n')
    rest = frames.pop() ?? ''
    for (const frame of frames) if (!frame.includes('[DONE]')) yield JSON.parse(frame.slice('data: '.length)) as ChatChunk
  }
}
