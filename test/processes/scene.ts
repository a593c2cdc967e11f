/** Several real processes, one Redis, and an origin whose every step the test decides. */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { Agent, createServer, request as httpRequest, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { RedisServer } from '../support/redis.js'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  /** The whole message arrived. */
  readonly complete: boolean
}

export interface App {
  readonly pid: number
  ask(body: object, tenant?: string, headers?: Record<string, string>): Promise<Answer>
  get(path: string, method?: string): Promise<Answer>
  signal(name: NodeJS.Signals): void
}

/** One call that reached the origin. */
export interface OriginCall {
  readonly pid: number
  head(): void
  write(chunks: readonly string[]): void
  /** Ends the answer, after what is left of the usual one or `chunks` in its place. */
  end(chunks?: readonly string[]): void
  /** Answers 503. */
  fail(): void
}

export interface Origin {
  readonly url: string
  readonly calls: OriginCall[]
  /** What becomes of a call; by default it is answered at once. */
  onCall: (call: OriginCall) => void
}

/** A question that nobody has asked before. */
export function question(stream: boolean): object {
  return { model: 'gpt-5', stream, messages: [{ role: 'user', content: randomUUID() }] }
}

const words = Array.from({ length: 40 }, (_, index) => `word ${index} `)
export const STREAM_CHUNKS: readonly string[] = [
  ...words.map(
    (content) => `data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`,
  ),
  'data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
  'data: [DONE]\n\n',
]
const answer =
  '{"id":"c1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Paris"},"finish_reason":"stop"}]}'
export const JSON_CHUNKS: readonly string[] = [answer.slice(0, 40), answer.slice(40, 90), answer.slice(90)]

export async function startOrigin(): Promise<Origin & { close(): void }> {
  const calls: OriginCall[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      const streamed = (JSON.parse(text) as { stream?: boolean }).stream === true
      const call = originCall(Number(request.headers['x-process']), response, streamed)
      calls.push(call)
      origin.onCall(call)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    onCall: (call: OriginCall): void => call.end(),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
  return origin
}

function originCall(pid: number, response: ServerResponse, streamed: boolean): OriginCall {
  const all = streamed ? STREAM_CHUNKS : JSON_CHUNKS
  let sent = 0
  const call: OriginCall = {
    pid,
    head() {
      if (!response.headersSent) response.writeHead(200, { 'content-type': streamed ? 'text/event-stream' : 'application/json' })
      response.flushHeaders()
    },
    write(chunks) {
      call.head()
      for (const chunk of chunks) response.write(chunk)
      sent += chunks.length
    },
    end(chunks = all.slice(sent)) {
      call.write(chunks)
      response.end()
    },
    fail() {
      response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":{"message":"overloaded"}}')
    },
  }
  return call
}

export interface Scene {
  readonly origin: Origin
  readonly apps: readonly App[]
  /** A new process in the place of one that was killed. */
  restart(app: App): Promise<void>
  close(): Promise<void>
}

/** @param leaseMs how soon a dead leader is noticed */
export async function startScene(redis: RedisServer, processes: number, leaseMs = 1000): Promise<Scene> {
  const origin = await startOrigin()
  const env = { ...process.env, ORIGIN: origin.url, REDIS: redis.url, LEASE_MS: `${leaseMs}`, NAMESPACE: `t-${randomUUID()}` }
  const children: ChildProcess[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  async function start(): Promise<App> {
    const child = spawn(process.execPath, [fileURLToPath(new URL('app.mjs', import.meta.url))], { env, stdio: ['pipe', 'pipe', 'inherit'] })
    children.push(child)
    return appOf(child, await portOf(child), agent)
  }
  const apps = await Promise.all(Array.from({ length: processes }, start))
  return {
    origin,
    apps,
    async restart(app) {
      apps[apps.indexOf(app)] = await start()
    },
    async close() {
      agent.destroy()
      origin.close()
      for (const child of children) child.kill('SIGKILL')
      await Promise.all(
        children.map((child) => child.exitCode ?? child.signalCode ?? new Promise((resolve) => child.once('exit', resolve))),
      )
    },
  }
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the app ended with ${code}`)))
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', (line) =>
      resolve((JSON.parse(line) as { port: number }).port),
    )
  })
}

function appOf(child: ChildProcess, port: number, agent: Agent): App {
  function send(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Answer> {
    return new Promise((resolve) => {
      let text = ''
      const sent = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent }, (response) => {
        const finish = (): void =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text, complete: response.complete })
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        response.once('close', finish).on('error', finish)
      })
      sent.on('error', () => resolve({ status: 0, headers: {}, body: text, complete: false }))
      sent.end(body)
    })
  }
  return {
    pid: child.pid as number,
    ask: (body, tenant = 'all', headers = {}) =>
      send('POST', '/chat', { 'content-type': 'application/json', 'x-tenant': tenant, ...headers }, JSON.stringify(body)),
    get: (path, method = 'GET') => send(method, path, {}),
    signal: (name) => void child.kill(name),
  }
}

/** Waits until `check` holds; an error after `ms`. */
export async function until(check: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`${check} did not come true within ${ms} ms`)
    await pause(10)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
