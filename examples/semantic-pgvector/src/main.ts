/** With OPENAI_API_KEY on OpenAI. Start it twice, on two ports: each answers what the other has learnt. */

import { createApp } from './app.js'

const { DATABASE_URL = 'postgresql://postgres@localhost/postgres', PORT = '3005' } = process.env

createApp({ database: DATABASE_URL }).app.listen(Number(PORT), '127.0.0.1', (error) => {
  if (error) throw error
  console.log(`curl -i http://127.0.0.1:${PORT}/faq -H 'content-type: application/json' -d '{"question":"Why is the sky blue at noon?"}'`)
})
