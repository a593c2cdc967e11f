import { createServer } from 'node:http'
import { createModelServer } from '@llm-cache/core/testing'
import { createLlmCache, functionJudge, llmCache } from '@llm-cache/express'
import express from 'express'
import OpenAI from 'openai'
import { intentOf } from '../intents.js'
import { type RunningApp, start } from './app.js'

/** Express, with a cache that also answers prompts that mean the same, in front of a model that gives everybody who wants the same the same answer. */
export async function startMeaning(port: number): Promise<RunningApp> {
  const provider = await createModelServer({
    reply: ({ prompt }) => `Here is how to ${intentOf(prompt) ?? 'ask again'}: open the settings.`,
  })
  const openai = new OpenAI({ baseURL: `${provider.url}/v1`, apiKey: 'simulated' })
  // With a real model: llmJudge({ client: openai, model: 'gpt-4o-mini' }).
  const judge = functionJudge('wording', ({ answers: [one, other] }) => (one.text === other.text ? 'same' : 'different'))
  const cache = createLlmCache({ strategy: 'hybrid', semantic: { maxErrorRate: 0.02, judge } })
  const app = express()
  app.post('/v1/chat/completions', llmCache(cache), express.json(), async ({ body }, response) => {
    response.json(await openai.chat.completions.create(body))
  })
  const running = await start('Express', cache, createServer(app), port)
  return {
    ...running,
    async close() {
      await running.close()
      await provider.close()
    },
  }
}
