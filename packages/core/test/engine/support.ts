import { createLlmCache, type LlmCache } from '../../src/cache.js'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import type { CacheEvent } from '../../src/events.js'
import type { CacheRequest, HeaderPairs, Outcome, Reply, RequestBody } from '../../src/exchange.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
export const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

export const CHAT = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Why is the sky blue?' }] }

export interface RequestParts {
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly raw?: RequestBody
  readonly explicit?: boolean
  readonly signal?: AbortSignal
  readonly outer?: CacheRequest['outer']
}

/** A request as an adapter would describe it: JSON by default. */
export function request(parts: RequestParts = {}): CacheRequest {
  const headers: Record<string, string> = { 'content-type': 'application/json', ...parts.headers }
  return {
    method: parts.method ?? 'POST',
    url: parts.url ?? '/v1/chat/completions',
    host: 'app.test',
    route: '/pattern/:id',
    explicit: parts.explicit ?? false,
    header: (name) => headers[name],
    headerNames: () => Object.keys(headers),
    body: () => parts.raw ?? { kind: 'bytes', bytes: encode(JSON.stringify(parts.body ?? CHAT)) },
    signal: parts.signal,
    outer: parts.outer,
  }
}

/** A complete chat completion with `content`. */
export function completion(content = 'Rayleigh scattering.', finish = 'stop'): string {
  return JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model: 'gpt-4o-2024-08-06',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: finish }],
    usage: { prompt_tokens: 12, completion_tokens: 7 },
  })
}

/** Frames of a chat stream, the terminal marker last. */
export function frames(words: readonly string[]): string[] {
  const chunk = (delta: object, finish: string | null): string =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
  return [...words.map((word) => chunk({ content: word }, null)), chunk({}, 'stop'), 'data: [DONE]\n\n']
}

export const JSON_HEAD: HeaderPairs = [['Content-Type', 'application/json']]
export const SSE_HEAD: HeaderPairs = [['Content-Type', 'text/event-stream']]

export interface Harness {
  readonly cache: LlmCache
  readonly clock: ManualClock
  readonly events: CacheEvent[]
  types(): string[]
  last<T extends CacheEvent['type']>(type: T): Extract<CacheEvent, { type: T }>
}

export function harness(options: LlmCacheOptions = {}): Harness {
  const clock = createManualClock()
  const cache = createLlmCache({ clock, ...options })
  const events: CacheEvent[] = []
  cache.on((event) => events.push(event))
  return {
    cache,
    clock,
    events,
    types: () => events.map((event) => event.type),
    last<T extends CacheEvent['type']>(type: T) {
      const found = events.findLast((event) => event.type === type)
      if (!found) throw new Error(`no event ${type} among ${events.map((event) => event.type).join(', ')}`)
      return found as Extract<CacheEvent, { type: T }>
    },
  }
}

type Kind = Outcome['kind']

/** The outcome, which has to be of `kind`. */
export async function open<K extends Kind>(
  cache: Pick<LlmCache, 'open'>,
  parts: RequestParts | CacheRequest,
  kind: K,
): Promise<Extract<Outcome, { kind: K }>> {
  const outcome = await cache.open(
    'body' in parts && typeof parts.body === 'function' ? (parts as CacheRequest) : request(parts as RequestParts),
  )
  if (outcome.kind !== kind) throw new Error(`${outcome.kind} instead of ${kind}: ${JSON.stringify(outcome)}`)
  return outcome as Extract<Outcome, { kind: K }>
}

/** Records `body` as the whole answer to `parts` and gives the fields that the cache added to it. */
export async function record(
  cache: Pick<LlmCache, 'open'>,
  parts: RequestParts = {},
  body: string = completion(),
  head: HeaderPairs = JSON_HEAD,
  status = 200,
): Promise<HeaderPairs> {
  const { recorder } = await open(cache, parts, 'record')
  const own = recorder.head(status, head)
  recorder.write(encode(body))
  recorder.end()
  return own
}

export function field(headers: HeaderPairs, name: string): string | undefined {
  return headers.find(([candidate]) => candidate.toLowerCase() === name.toLowerCase())?.[1]
}

/** Everything a reply sends, and whether it ended well. */
export async function drain(reply: Reply): Promise<{ text: string; end: 'done' | 'aborted' }> {
  if (reply.body.kind === 'bytes') return { text: decode(reply.body.bytes), end: 'done' }
  let text = ''
  for (;;) {
    const step = await reply.body.chunks.next()
    if (step.kind !== 'chunk') return { text, end: step.kind }
    text += decode(step.bytes)
  }
}
