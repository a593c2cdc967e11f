/** Answers in forms of the handlers' own: stored when the model call behind them was seen to end well, and only then. */

import { ChatCompletionStream } from 'openai/lib/ChatCompletionStream'
import { describe, expect, it } from 'vitest'
import { OPENAI_MAJORS } from '../clients.js'
import type { Framework } from '../frameworks.js'
import { type Scene, withScene } from '../scene.js'
import { shapeRoutes } from '../shapes.js'

const chat = { model: 'gpt-4.1-mini', messages: [{ role: 'user', content: 'What are tides?' }] }

/** Paths, and what a handler's own client makes of its answer. */
const FORMS: Readonly<Record<string, (response: Response) => Promise<unknown>>> = {
  '/ndjson': (response) => ChatCompletionStream.fromReadableStream(response.body as ReadableStream).finalChatCompletion(),
  '/emitter': (response) => response.text(),
  '/fetch': (response) => response.text(),
  '/text': (response) => response.text(),
  '/http': (response) => response.text(),
  '/http-json': (response) => response.json(),
}

export function shapesSuite(framework: Framework): void {
  describe.each(OPENAI_MAJORS)('openai %i', (major) => {
    const spec = { routes: shapeRoutes(major) }

    async function ask({ url, fetch }: Scene, path: string): Promise<unknown> {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(chat) })
      return FORMS[path]?.(response).catch((error: Error) => error.name)
    }

    it.each(Object.keys(FORMS))('%s: a hit is the miss again', (path) =>
      withScene(framework, spec, async (scene) => {
        const missed = await ask(scene, path)
        await scene.concluded(1)
        expect(scene.skips).toEqual([])
        expect(JSON.stringify(missed)).toContain('tides')
        expect(await ask(scene, path)).toEqual(missed)
        expect(scene.labels).toEqual(['MISS', 'HIT'])
        expect(scene.model.calls).toHaveLength(1)
      }),
    )

    it.each([
      ...Object.keys(FORMS).map((path) => [path, 'cut'] as const),
      ['/fetch', 'no-terminal'] as const,
      ['/fetch', 'error-frame'] as const,
      ['/fetch', 'length'] as const,
      ['/fetch', 'rate-limit'] as const,
    ])('%s: %s is never stored', (path, fault) =>
      withScene(framework, spec, async (scene) => {
        scene.model.failNext(fault)
        const broken = await ask(scene, path)
        await scene.concluded(1)
        expect(scene.stored).toBe(0)
        const whole = await ask(scene, path)
        expect(whole).not.toEqual(broken)
        await scene.concluded(2)
        expect(await ask(scene, path)).toEqual(whole)
        expect(scene.labels).toEqual(['MISS', 'MISS', 'HIT'])
      }),
    )

    // That the call ended cleanly is no evidence; what the model said is.
    it.each([
      ['/http', 'error-frame'],
      ['/http-json', 'error-frame'],
      ['/text', 'length'],
      ['/emitter', 'refusal'],
    ] as const)('%s: %s is never stored', (path, fault) =>
      withScene(framework, spec, async (scene) => {
        scene.model.failNext(fault)
        await ask(scene, path)
        await scene.concluded(1)
        expect(scene.stored).toBe(0)
      }),
    )

    it('/text: what the handler’s own retries made good is stored', () =>
      withScene(framework, { ...spec, model: { headers: { 'retry-after-ms': '1' } } }, async (scene) => {
        scene.model.failNext('server-error')
        const missed = await ask(scene, '/text')
        await scene.concluded(1)
        expect(await ask(scene, '/text')).toEqual(missed)
        expect(scene.labels).toEqual(['MISS', 'HIT'])
        expect(scene.model.calls.map(({ status }) => status)).toEqual([500, 200])
      }))
  })
}
