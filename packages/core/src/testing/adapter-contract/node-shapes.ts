/** Handler shapes on Node's `ServerResponse`, as users write them in Express, and in Koa with `ctx.respond = false`. */

import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { chat, completion, EVENT_STREAM, paced } from './samples.js'
import type { ShapeTools } from './types.js'

export interface NodeShape {
  readonly name: string
  readonly streamed: boolean
  readonly asksModel: boolean
  run(response: ServerResponse, tools: ShapeTools): void | Promise<void>
}

export const nodeShapes: readonly NodeShape[] = [
  {
    name: 'setHeader and end(text)',
    streamed: false,
    asksModel: false,
    run(response) {
      response.setHeader('Content-Type', 'application/json')
      response.setHeader('X-Model', ['one', 'two'])
      response.end(JSON.stringify(completion(1)))
    },
  },
  {
    name: 'writeHead with a status text and a flat list, end(chunk)',
    streamed: false,
    asksModel: false,
    run(response) {
      const body = Buffer.from(JSON.stringify(completion(1)))
      response.writeHead(201, 'Made', ['Content-Type', 'application/json', 'X-Model', 'a', 'Content-Length', String(body.length)])
      response.end(body)
    },
  },
  {
    name: 'writeHead and an SSE write loop',
    streamed: true,
    asksModel: false,
    async run(response, { frames, gate }) {
      response.setHeader('X-Set-Before', 'yes')
      response.writeHead(200, { ...EVENT_STREAM, Connection: 'keep-alive' })
      for await (const frame of paced(gate, frames)) response.write(frame)
      response.end()
    },
  },
  {
    name: 'setHeader, flushHeaders and an SSE write loop',
    streamed: true,
    asksModel: false,
    async run(response, { frames, gate }) {
      for (const [name, value] of Object.entries(EVENT_STREAM)) response.setHeader(name, value)
      response.flushHeaders()
      for await (const frame of paced(gate, frames)) response.write(frame)
      response.end()
    },
  },
  {
    name: "NDJSON of the provider's chunks",
    streamed: true,
    asksModel: false,
    async run(response, { frames, gate }) {
      response.setHeader('Content-Type', 'application/x-ndjson')
      const lines = frames.slice(0, -1).map((frame) => `${frame.slice('data: '.length).trim()}\n`)
      for await (const line of paced(gate, lines)) response.write(line)
      response.end()
    },
  },
  {
    name: 'pipeline(Readable.fromWeb())',
    streamed: true,
    asksModel: true,
    async run(response, tools) {
      const upstream = await askModel(tools)
      response.setHeader('Content-Type', 'text/event-stream')
      await pipeline(Readable.fromWeb(upstream.body as ReadableStream), response)
    },
  },
  {
    name: 'fetch proxy that passes status and headers on',
    streamed: true,
    asksModel: true,
    async run(response, tools) {
      const upstream = await askModel(tools)
      response.writeHead(upstream.status, Object.fromEntries(upstream.headers))
      for await (const chunk of upstream.body as ReadableStream<Uint8Array>) response.write(chunk)
      response.end()
    },
  },
  {
    name: 'text of a model stream',
    streamed: true,
    asksModel: true,
    async run(response, tools) {
      const upstream = await askModel(tools)
      response.setHeader('Content-Type', 'text/plain; charset=utf-8')
      const decoder = new TextDecoder()
      let text = ''
      for await (const chunk of upstream.body as ReadableStream<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true })
        const frames = text.split('\n\n')
        text = frames.pop() ?? ''
        for (const frame of frames) {
          if (frame.includes('[DONE]')) continue
          const { choices } = JSON.parse(frame.slice('data: '.length)) as { choices: { delta?: { content?: string } }[] }
          const content = choices[0]?.delta?.content
          if (content) response.write(content)
        }
      }
      response.end()
    },
  },
  {
    name: "emitter with .on('text')",
    streamed: true,
    asksModel: false,
    async run(response, { frames, gate }) {
      const stream = new EventEmitter()
      response.writeHead(200, EVENT_STREAM)
      stream.on('text', (text: string) => response.write(text))
      stream.on('end', () => response.end())
      for await (const frame of paced(gate, frames)) stream.emit('text', frame)
      stream.emit('end')
    },
  },
  {
    name: 'chunks in mixed encodings',
    streamed: true,
    asksModel: false,
    async run(response, { frames, gate }) {
      response.writeHead(200, [...Object.entries(EVENT_STREAM)].flat())
      let at = 0
      for await (const frame of paced(gate, frames)) {
        const bytes = Buffer.from(frame)
        if (at === 0) response.write(bytes.toString('hex'), 'hex')
        else if (at === 1) response.write(bytes.toString('base64'), 'base64')
        else if (at === 2) response.write(new Uint8Array(bytes))
        else if (at === 3) response.write(frame, 'latin1')
        else response.write(frame, () => undefined)
        at++
      }
      response.end()
    },
  },
  {
    name: 'corked writes',
    streamed: true,
    asksModel: false,
    async run(response, { frames, gate }) {
      response.writeHead(200, EVENT_STREAM)
      for await (const frame of paced(gate, frames)) {
        response.cork()
        response.write(frame.slice(0, 7))
        response.write(frame.slice(7))
        response.uncork()
      }
      response.end()
    },
  },
  {
    name: 'end(chunk, encoding, callback)',
    streamed: true,
    asksModel: false,
    async run(response, { frames, gate }) {
      response.writeHead(200, EVENT_STREAM)
      const [last = '', ...rest] = [...frames].reverse()
      for await (const frame of paced(gate, rest.reverse())) response.write(frame)
      await new Promise<void>((resolve) => {
        response.end(Buffer.from(last).toString('base64'), 'base64', resolve)
      })
    },
  },
  {
    name: 'a buffer that is used again after each write',
    streamed: true,
    asksModel: false,
    async run(response, { frames, gate }) {
      response.writeHead(200, EVENT_STREAM)
      const buffer = Buffer.alloc(4096)
      for await (const frame of paced(gate, frames)) {
        const length = buffer.write(frame)
        await new Promise<void>((resolve) => {
          response.write(buffer.subarray(0, length), () => resolve())
        })
      }
      response.end()
    },
  },
]

function askModel({ modelUrl, prompt }: ShapeTools): Promise<Response> {
  return fetch(`${modelUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(chat(prompt, { stream: true, stop: ['.'] })),
  })
}
