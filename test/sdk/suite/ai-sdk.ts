/** Handlers written with the AI SDK, asked by the AI SDK's own chat transports: what `useChat` sees. */

import { randomUUID } from 'node:crypto'
import { createOpenAI as createOpenAI7 } from '@ai-sdk/openai'
import { createOpenAI as createOpenAI6 } from '@ai-sdk/openai-v6'
import * as ai7 from 'ai'
import * as ai6 from 'ai-v6'
import { describe, expect, it } from 'vitest'
import { collect } from '../clients.js'
import type { Call, Framework, Routes } from '../frameworks.js'
import { createArrivals, type Scene, withScene } from '../scene.js'

// Both majors share the surface used here.
const MAJORS = {
  6: { ai: ai6 as unknown as typeof ai7, createOpenAI: createOpenAI6 as unknown as typeof createOpenAI7 },
  7: { ai: ai7, createOpenAI: createOpenAI7 },
}
type Major = keyof typeof MAJORS
const APIS = ['chat', 'responses'] as const

function routes(major: Major): (modelUrl: string) => Routes {
  const { ai, createOpenAI } = MAJORS[major]
  return (modelUrl) => {
    const provider = createOpenAI({ baseURL: `${modelUrl}/v1`, apiKey: 'test' })
    const asking = async ({ body, signal }: Call, api: (typeof APIS)[number]) => ({
      model: provider[api]('gpt-4.1-mini'),
      messages: await ai.convertToModelMessages((body as { messages: ai7.UIMessage[] }).messages),
      maxRetries: 0,
      abortSignal: signal,
    })
    const stream = async (call: Call, api: (typeof APIS)[number] = 'chat') =>
      ai.streamText({ ...(await asking(call, api)), onError: () => undefined })
    return {
      '/chat': async (call) => {
        const result = await stream(call)
        return {
          kind: 'pipe',
          pipe: (response) => result.pipeUIMessageStreamToResponse(response),
          response: () => result.toUIMessageStreamResponse(),
        }
      },
      '/chat-as-response': async (call) => ({
        kind: 'response',
        response: (await stream(call, 'responses')).toUIMessageStreamResponse({
          generateMessageId: () => randomUUID(),
          messageMetadata: ({ part }) => (part.type === 'finish' ? { usage: part.totalUsage } : undefined),
        }),
      }),
      '/text': async (call) => {
        const result = await stream(call)
        return {
          kind: 'pipe',
          pipe: (response) => result.pipeTextStreamToResponse(response),
          response: () => result.toTextStreamResponse(),
        }
      },
      '/text-as-response': async (call) => ({ kind: 'response', response: (await stream(call, 'responses')).toTextStreamResponse() }),
      '/generate': async (call) => {
        const { text, usage, finishReason } = await ai.generateText(await asking(call, 'chat'))
        return { kind: 'json', body: { id: randomUUID(), text, usage, finishReason } }
      },
    }
  }
}

const ROUTES = ['/chat', '/chat-as-response', '/text', '/text-as-response'] as const

export function aiSdkSuite(framework: Framework): void {
  describe.each([6, 7] as const)('ai %i', (major) => {
    const { ai } = MAJORS[major]
    const spec = { routes: routes(major), model: { vary: true } }

    interface Turn {
      readonly trigger?: 'submit-message' | 'regenerate-message'
      readonly signal?: AbortSignal
      readonly said?: readonly string[]
    }

    /** A new chat with new ids, as each browser has them: the chunks and the message that they make up. */
    async function chat(
      { url, fetch }: Scene,
      path: string,
      { trigger = 'submit-message', signal, said = ['What are tides?'] }: Turn = {},
    ) {
      const Transport = path.startsWith('/text') ? ai.TextStreamChatTransport : ai.DefaultChatTransport
      const messages = said.map((text, at): ai7.UIMessage => {
        return { id: randomUUID(), role: at % 2 === 0 ? 'user' : 'assistant', parts: [{ type: 'text', text }] }
      })
      const stream = await new Transport({ api: url + path, fetch }).sendMessages({
        trigger,
        chatId: randomUUID(),
        messageId: trigger === 'regenerate-message' ? randomUUID() : undefined,
        messages,
        abortSignal: signal,
      })
      const [left, right] = stream.tee()
      const [chunks, states] = await Promise.all([
        collect(left),
        collect(ai.readUIMessageStream({ stream: right, onError: () => undefined })),
      ])
      // A text has no chunks of its own: they are as the network cut it.
      return { chunks: path.startsWith('/text') ? [] : chunks, message: states.at(-1) }
    }

    it.each(ROUTES)('%s: other ids, same question: a hit is the miss again', (path) =>
      withScene(framework, spec, async (scene) => {
        const missed = await chat(scene, path)
        expect(missed.message?.parts).toContainEqual(expect.objectContaining({ type: 'text', text: expect.stringContaining('tides') }))
        await scene.concluded(1)
        expect(scene.skips).toEqual([])
        expect(await chat(scene, path)).toEqual(missed)
        expect(scene.labels).toEqual(['MISS', 'HIT'])
        expect(scene.model.calls).toHaveLength(1)
      }),
    )

    it('regenerating gives a new answer, which the next one to ask gets', () =>
      withScene(framework, spec, async (scene) => {
        const first = await chat(scene, '/chat')
        const second = await chat(scene, '/chat', { trigger: 'regenerate-message' })
        expect(second.message).not.toEqual(first.message)
        await scene.concluded(2)
        expect(await chat(scene, '/chat')).toEqual(second)
        expect(scene.labels).toEqual(['MISS', 'MISS', 'HIT'])
      }))

    it('what was said before counts', () =>
      withScene(framework, spec, async (scene) => {
        const turn = { said: ['What are tides?', 'Water.', 'And why?'] }
        const missed = await chat(scene, '/chat', turn)
        expect(await chat(scene, '/chat', turn)).toEqual(missed)
        await chat(scene, '/chat', { said: ['What are tides?', 'Moons.', 'And why?'] })
        expect(scene.labels).toEqual(['MISS', 'HIT', 'MISS'])
      }))

    it('generateText as JSON', () =>
      withScene(framework, spec, async ({ url, fetch, labels, model }) => {
        const ask = async (): Promise<unknown> => {
          const parts = [{ type: 'text', text: 'What are tides?' }]
          const body = JSON.stringify({
            id: randomUUID(),
            messages: [{ id: randomUUID(), role: 'user', parts }],
            trigger: 'submit-message',
          })
          return (await fetch(`${url}/generate`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).json()
        }
        const missed = await ask()
        expect(missed).toMatchObject({ text: expect.stringContaining('tides'), finishReason: 'stop' })
        expect(await ask()).toEqual(missed)
        expect(labels).toEqual(['MISS', 'HIT'])
        expect(model.calls).toHaveLength(1)
      }))

    it('simultaneous chats with ids of their own share one call', () => {
      const arrivals = createArrivals()
      return withScene(framework, { ...spec, cache: { partition: arrivals.partition } }, async (scene) => {
        scene.model.hold()
        const asked = [chat(scene, '/chat'), chat(scene, '/chat')]
        await Promise.all([arrivals.wait(2), scene.model.waitForCalls(1)])
        scene.model.release()
        const [leader, follower] = await Promise.all(asked)
        expect(follower).toEqual(leader)
        expect(scene.model.calls).toHaveLength(1)
        expect([...scene.labels].sort()).toEqual(['COLLAPSED', 'MISS'])
      })
    })

    it.each([
      ['/chat', 'cut'],
      ['/chat', 'error-frame'],
      ['/chat', 'length'],
      ['/chat-as-response', 'no-terminal'],
      ['/text', 'cut'],
      ['/text-as-response', 'cut'],
    ] as const)('%s: %s is never stored', (path, fault) =>
      withScene(framework, { ...spec, model: {} }, async (scene) => {
        scene.model.failNext(fault)
        const broken = await outcome(chat(scene, path))
        await scene.concluded(1)
        expect(scene.stored).toBe(0)
        const whole = await outcome(chat(scene, path))
        expect(whole).not.toEqual(broken)
        expect(await outcome(chat(scene, path))).toEqual(whole)
        expect(scene.labels).toEqual(['MISS', 'MISS', 'HIT'])
      }),
    )

    it.each(['/chat', '/text'])('%s: stop in the browser stops the model', (path) =>
      withScene(framework, spec, async (scene) => {
        scene.model.hold()
        const controller = new AbortController()
        const asked = outcome(chat(scene, path, { signal: controller.signal }))
        await scene.model.waitForCalls(1)
        void scene.model.step(4)
        await scene.model.until((calls) => (calls[0]?.chunks ?? 0) >= 4)
        controller.abort()
        await asked
        await scene.model.until((calls) => calls[0]?.aborted === true)
        await scene.concluded(1)
        expect(scene.stored).toBe(0)
      }),
    )
  })
}

async function outcome<T>(promise: Promise<T>): Promise<T | string> {
  return promise.catch((error: Error) => `${error.name}: ${error.message}`)
}
