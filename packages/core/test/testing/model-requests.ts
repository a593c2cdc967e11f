/** Raw requests to the simulated provider, without any client. */

import type { ModelServer } from '../../src/testing/model-server/types.js'

export type Post = (path: string, body: unknown, init?: RequestInit) => Promise<Response>

export const poster =
  (server: () => ModelServer): Post =>
  (path, body, init = {}) =>
    fetch(`${server().url}${path}`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), ...init })

export const chat = (content: string, extra: object = {}): object => ({ model: 'm', messages: [{ role: 'user', content }], ...extra })

export const gemini = (text: string): object => ({ contents: [{ role: 'user', parts: [{ text }] }] })

/** The JSON events of an event stream. */
export const events = (text: string) => [...text.matchAll(/^data: (\{.*\})$/gm)].map((match) => JSON.parse(match[1] as string))
