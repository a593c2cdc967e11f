/** Requests and answers that the contract's tests send, in OpenAI's wire format. */

import type { Gate } from '../model-server/gate.js'

/** The body of a chat completion request. */
export function chat(prompt: string = 'What are tides?', more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { model: 'gpt-4.1-mini', messages: [{ role: 'user', content: prompt }], ...more }
}

/** A whole answer; `id` tells the runs of a handler apart. */
export function completion(id: number, content: string = `Answer ${id}`): Record<string, unknown> {
  return {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: 1_750_000_000,
    model: 'gpt-4.1-mini',
    choices: [{ index: 0, message: { role: 'assistant', content, refusal: null }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 },
  }
}

/** The frames of a streamed answer with `words` words: `word-1`, `word-2` ..., the finish, `[DONE]`. */
export function sseFrames(id: number, words: number = 4, filler: string = ''): string[] {
  const frame = (delta: unknown, finish: string | null): string =>
    `data: ${JSON.stringify({
      id: `chatcmpl-${id}`,
      object: 'chat.completion.chunk',
      created: 1_750_000_000,
      model: 'gpt-4.1-mini',
      choices: [{ index: 0, delta, finish_reason: finish }],
    })}\n\n`
  const spoken = Array.from({ length: words }, (_, at) => frame({ content: `word-${at + 1} ${filler}` }, null))
  return [...spoken, frame({}, 'stop'), 'data: [DONE]\n\n']
}

/** `chunks` one by one, each when `gate` lets it pass. */
export async function* paced<T>(gate: Gate, chunks: Iterable<T>): AsyncGenerator<T> {
  const turnstile = gate.enter()
  for (const chunk of chunks) {
    await turnstile.pass()
    yield chunk
  }
}

export const EVENT_STREAM: Readonly<Record<string, string>> = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
}
