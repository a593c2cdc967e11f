/** Bodies that only look like a question: cached where the handler is seen asking a model, and never elsewhere. */

import { describe, expect, it } from 'vitest'
import { anthropicClient, OPENAI_MAJORS, type OpenAIMajor, openaiClient } from '../clients.js'
import type { Call, Framework, Routes } from '../frameworks.js'
import { createArrivals, type Scene, withScene } from '../scene.js'

const BODIES = ['prompt', 'question', 'message'] as const

interface Models {
  readonly runs: string[]
}

function routes(major: OpenAIMajor, { runs }: Models): (modelUrl: string) => Routes {
  return (modelUrl) => {
    const openai = openaiClient(major, modelUrl)
    const anthropic = anthropicClient(modelUrl)
    const textOf = ({ body, url }: Call): string => {
      runs.push(url)
      return String(Object.values(body as object)[0])
    }
    return {
      '/ask': async (call) => {
        const messages = [{ role: 'user' as const, content: textOf(call) }]
        const { id, choices } = await openai.chat.completions.create({ model: 'gpt-4.1-mini', messages }, { signal: call.signal })
        return { kind: 'json', body: { id, answer: choices[0]?.message.content } }
      },
      '/ask-claude': async (call) => {
        const messages = [{ role: 'user' as const, content: textOf(call) }]
        const { id, content } = await anthropic.messages.create({ model: 'claude-haiku-4-5', max_tokens: 400, messages })
        return { kind: 'json', body: { id, content } }
      },
      '/ask-later': async (call) => {
        const input = textOf(call)
        async function* answer(): AsyncGenerator<string> {
          yield 'Well: '
          yield (await openai.responses.create({ model: 'gpt-4.1-mini', input })).output_text
        }
        return { kind: 'chunks', headers: { 'Content-Type': 'text/plain' }, chunks: answer() }
      },
      '/comments': async (call) => {
        const input = textOf(call)
        await openai.moderations.create({ input }).catch(() => undefined)
        const { data } = await openai.embeddings.create({ model: 'text-embedding-3-small', input, dimensions: 8 })
        return { kind: 'json', status: 201, body: { number: runs.length, filed: data.length } }
      },
      '/orders': (call) => ({ kind: 'json', status: 201, body: { number: runs.push(call.url) } }),
    }
  }
}

async function ask({ url, fetch }: Scene, path: string, body: object): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  return (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).text()
}

export function genericSuite(framework: Framework): void {
  describe.each(OPENAI_MAJORS)('openai %i', (major) => {
    it.each(BODIES.flatMap((field) => ['/ask', '/ask-claude'].map((path) => [field, path] as const)))(
      '%s to %s, whose handler asks a model: cached from the second request on',
      (field, path) => {
        const models = { runs: [] }
        return withScene(framework, { routes: routes(major, models) }, async (scene) => {
          const missed = await ask(scene, path, { [field]: 'What are tides?' })
          await scene.concluded(1)
          expect(await ask(scene, path, { [field]: 'What are tides?' })).toBe(missed)
          await ask(scene, path, { [field]: 'What are moons?' })
          expect(scene.labels).toEqual(['MISS', 'HIT', 'MISS'])
          expect(models.runs).toHaveLength(2)
        })
      },
    )

    it('an answer that began before the model was asked is unmarked the first time, and cached', () => {
      const models = { runs: [] }
      return withScene(framework, { routes: routes(major, models) }, async (scene) => {
        const missed = await ask(scene, '/ask-later', { prompt: 'What are tides?' })
        await scene.concluded(1)
        expect(await ask(scene, '/ask-later', { prompt: 'What are tides?' })).toBe(missed)
        await ask(scene, '/ask-later', { prompt: 'What are moons?' })
        expect(scene.labels).toEqual([null, 'HIT', 'MISS'])
      })
    })

    it.each(BODIES)('simultaneous askers with a %s share a call once the route is known to ask a model, not before', (field) => {
      const models = { runs: [] }
      const arrivals = createArrivals()
      const spec = { routes: routes(major, models), cache: { partition: arrivals.partition } }
      return withScene(framework, spec, async (scene) => {
        const twice = async (text: string, arrived: number, calls: number): Promise<string[]> => {
          scene.model.hold()
          const asked = [ask(scene, '/ask', { [field]: text }), ask(scene, '/ask', { [field]: text })]
          await Promise.all([arrivals.wait(arrived), scene.model.waitForCalls(calls)])
          scene.model.release()
          return Promise.all(asked)
        }
        const [one, another] = await twice('What are tides?', 2, 2)
        expect(another).not.toBe(one)
        await scene.concluded(2)
        const [leader, follower] = await twice('What are moons?', 4, 3)
        expect(follower).toBe(leader)
        expect(scene.labels.slice(0, 2)).toEqual(['MISS', 'MISS'])
        expect(scene.labels.slice(2).sort()).toEqual(['COLLAPSED', 'MISS'])
        expect(models.runs).toHaveLength(3)
      })
    })

    it.each(['/comments', '/orders'])('%s, which asks no model to write, is never cached, collapsed nor marked', (path) => {
      const models = { runs: [] }
      return withScene(framework, { routes: routes(major, models) }, async (scene) => {
        const filed = [
          ...(await Promise.all([1, 2].map(() => ask(scene, path, { message: 'What a tide!' })))),
          await ask(scene, path, { message: 'What a tide!' }),
        ]
        expect(filed.every((answer) => answer.includes('number'))).toBe(true)
        expect(models.runs).toHaveLength(3)
        expect(scene.stored).toBe(0)
        expect(scene.labels).toEqual([null, null, null])
      })
    })
  })
}
