/** Starts the app: with ANTHROPIC_API_KEY on Anthropic, without it on a simulated provider. */

import { createModelServer } from '@llm-cache/core/testing'
import { createApp } from './app.js'

const port = Number(process.env.PORT ?? 3002)
const provider = process.env.ANTHROPIC_API_KEY ? undefined : await createModelServer({ firstTokenMs: 400, tokenMs: 12, vary: true })
if (provider) console.log(`ANTHROPIC_API_KEY is not set: a simulated provider answers, at ${provider.url}`)
const { app } = createApp(provider && { baseURL: provider.url, apiKey: 'simulated' })

app.listen(port, '127.0.0.1', () => {
  console.log(`Twice, and look at x-llm-cache:
  curl -i http://127.0.0.1:${port}/summary -H 'content-type: application/json' \\
    -d '{"text":"The moon pulls at the sea, and twice a day the sea gives way."}'`)
})
