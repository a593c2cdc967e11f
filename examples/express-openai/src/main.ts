/** Starts the app: with OPENAI_API_KEY on OpenAI, without it on a simulated provider. */

import { createModelServer } from '@llm-cache/core/testing'
import { createApp } from './app.js'

const port = Number(process.env.PORT ?? 3001)
const provider = process.env.OPENAI_API_KEY ? undefined : await createModelServer({ firstTokenMs: 400, tokenMs: 12, vary: true })
if (provider) console.log(`OPENAI_API_KEY is not set: a simulated provider answers, at ${provider.url}`)
const { app } = createApp(provider && { baseURL: `${provider.url}/v1`, apiKey: 'simulated' })

app.listen(port, '127.0.0.1', (error) => {
  if (error) throw error
  console.log(`Twice, and look at x-llm-cache:
  curl -i http://127.0.0.1:${port}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{"model":"gpt-5-mini","messages":[{"role":"user","content":"What is a tide?"}]}'`)
})
