import type { Entry } from '../../src/entry/entry.js'

export const GOLDEN_KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='

export const GOLDEN_BODY: string = `data: {"choices":[{"delta":{"content":"${'golden words of version one, '.repeat(8)}"}}]}\n\ndata: [DONE]\n\n`

/** What every golden frame holds, its body decoded. */
export const goldenEntry: Entry = {
  id: 'AAECAwQFBgcICQoLDA0ODw',
  key: 'lc1.partition.request',
  storedAt: 1_750_000_000_000,
  staleAt: 1_750_000_300_000,
  deleteAt: 1_750_000_600_000,
  status: 200,
  headers: [
    ['Content-Type', 'text/event-stream'],
    ['x-request-id', 'req_1'],
  ],
  body: new TextEncoder().encode(GOLDEN_BODY),
  chunks: [
    [100, 0],
    [GOLDEN_BODY.length, 12],
  ],
  meta: {
    provider: 'openai-chat',
    model: 'gpt-5',
    route: '/chat',
    usage: { inputTokens: 3, outputTokens: 48 },
    originMs: 800.5,
    tags: ['faq'],
  },
}
