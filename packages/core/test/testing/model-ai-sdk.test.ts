import { createOpenAI as createOpenAI7 } from '@ai-sdk/openai'
import { createOpenAI as createOpenAI6 } from '@ai-sdk/openai-v6'
import * as ai7 from 'ai'
import * as ai6 from 'ai-v6'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createModelServer } from '../../src/testing/model-server/server.js'
import type { ModelServer } from '../../src/testing/model-server/types.js'

let server: ModelServer
beforeAll(async () => {
  server = await createModelServer()
})
afterEach(() => server.reset())
afterAll(() => server.close())

// Both majors share the surface used here.
const MAJORS = {
  6: { ai: ai6 as unknown as typeof ai7, createOpenAI: createOpenAI6 as unknown as typeof createOpenAI7 },
  7: { ai: ai7, createOpenAI: createOpenAI7 },
}

describe.each([6, 7] as const)('ai %i', (major) => {
  const { ai, createOpenAI } = MAJORS[major]
  const provider = () => createOpenAI({ baseURL: `${server.url}/v1`, apiKey: 'test' })
  const schema = ai.jsonSchema<{ city: string }>({
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  })
  // The SDK's own tool type is at odds with exactOptionalPropertyTypes.
  const weather = () => ai.tool({ inputSchema: schema }) as ai7.ToolSet[string]

  describe.each(['chat', 'responses'] as const)('%s model', (api) => {
    const model = () => provider()[api]('gpt-4.1-mini')

    it('generates and streams the same text with the same usage', async () => {
      const whole = await ai.generateText({ model: model(), prompt: 'What are tides?', maxRetries: 0 })
      expect(whole.text).toContain('tides')
      expect(whole.finishReason).toBe('stop')
      const streamed = ai.streamText({ model: model(), prompt: 'What are tides?', maxRetries: 0 })
      let text = ''
      for await (const part of streamed.textStream) text += part
      expect(text).toBe(whole.text)
      expect(await streamed.finishReason).toBe('stop')
      expect((await streamed.usage).outputTokens).toBe(whole.usage.outputTokens)
      expect(server.callCount(api === 'chat' ? '/v1/chat/completions' : '/v1/responses')).toBe(2)
    })

    it('calls tools', async () => {
      const options = { prompt: 'Call the tool for Lisbon', maxRetries: 0 }
      const whole = await ai.generateText({ ...options, model: model(), tools: { get_weather: weather() } })
      expect(whole.finishReason).toBe('tool-calls')
      expect(whole.toolCalls[0]).toMatchObject({ toolName: 'get_weather', input: { city: 'Lisbon' } })
      const streamed = ai.streamText({ ...options, model: model(), tools: { get_weather: weather() } })
      expect((await streamed.toolCalls)[0]).toMatchObject({ toolName: 'get_weather', input: { city: 'Lisbon' } })
    })

    it('sees what went wrong', async () => {
      const generate = (fault: string) => ai.generateText({ model: model(), prompt: `[[fault:${fault}]] tides`, maxRetries: 0 })
      await expect(generate('rate-limit')).rejects.toMatchObject({ statusCode: 429 })
      await expect(generate('malformed-json')).rejects.toBeInstanceOf(Error)
      expect((await generate('length')).finishReason).toBe('length')
      expect((await generate('content-filter')).finishReason).toBe('content-filter')
      const errors: unknown[] = []
      const broken = ai.streamText({
        model: model(),
        prompt: '[[fault:error-frame]] tides',
        maxRetries: 0,
        onError: ({ error }) => {
          errors.push(error)
        },
      })
      let text = ''
      for await (const part of broken.textStream) text += part
      expect(text).not.toBe('')
      expect(errors).toHaveLength(1)
    })
  })

  it('generates objects and embeddings', async () => {
    const { output } = await ai.generateText({ model: provider()('gpt-4.1-mini'), output: ai.Output.object({ schema }), prompt: 'Lisbon' })
    expect(output).toEqual({ city: 'Lisbon' })
    const { embedding } = await ai.embed({ model: provider().embeddingModel('text-embedding-3-small'), value: 'tides' })
    expect(embedding).toHaveLength(1536)
  })
})
