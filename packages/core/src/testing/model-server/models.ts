/** The endpoints that call no model: `GET /v1/models` of OpenAI and Anthropic. */

import type { IncomingHttpHeaders } from 'node:http'

const MODELS: Readonly<Record<'openai' | 'anthropic', readonly string[]>> = {
  openai: ['gpt-5', 'gpt-4.1-mini', 'text-embedding-3-small', 'text-embedding-3-large'],
  anthropic: ['claude-sonnet-5', 'claude-haiku-4-5'],
}

/** The list, one model of it, or undefined when `path` is another or the model is unknown. */
export function answerModels(path: string, headers: IncomingHttpHeaders): unknown {
  const match = /\/models(?:\/([^/]+))?$/.exec(path)
  if (!match) return undefined
  const isAnthropic = headers['anthropic-version'] !== undefined
  const ids = MODELS[isAnthropic ? 'anthropic' : 'openai']
  const describe = (id: string): object =>
    isAnthropic
      ? { type: 'model', id, display_name: id, created_at: '2025-01-01T00:00:00Z' }
      : { id, object: 'model', created: 1_735_689_600, owned_by: 'simulated' }
  if (match[1] !== undefined) {
    const id = decodeURIComponent(match[1])
    return ids.includes(id) ? describe(id) : undefined
  }
  const data = ids.map(describe)
  return isAnthropic ? { data, has_more: false, first_id: ids[0], last_id: ids.at(-1) } : { object: 'list', data }
}
