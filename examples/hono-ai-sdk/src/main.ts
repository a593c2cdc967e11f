/** Starts the app: with OPENAI_API_KEY on OpenAI, without it on a simulated provider. */

import { serve } from '@hono/node-server'
import { createModelServer } from '@llm-cache/core/testing'
import { createApp } from './app.js'

const port = Number(process.env.PORT ?? 3003)
const provider = process.env.OPENAI_API_KEY ? undefined : await createModelServer({ firstTokenMs: 400, tokenMs: 12, vary: true })
if (provider) console.log(`OPENAI_API_KEY is not set: a simulated provider answers, at ${provider.url}`)
const { app } = createApp(provider && { baseURL: `${provider.url}/v1`, apiKey: 'simulated' })

serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => {
  console.log(`Twice, and look at x-llm-cache; then as ben (same tenant) and cleo (another one):
  curl -iN http://127.0.0.1:${port}/api/chat -H 'content-type: application/json' -H 'authorization: Bearer anna' \\
    -d '{"id":"1","messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"What is a tide?"}]}],"trigger":"submit-message"}'`)
})
