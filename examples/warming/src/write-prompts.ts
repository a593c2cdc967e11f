/** Writes the file of prompts: `npm run prompts -- prompts.jsonl`. */

import { PROMPT_COUNT, writePrompts } from './prompts.js'

const path = process.argv[2] ?? 'prompts.jsonl'
await writePrompts(path)
console.log(`${PROMPT_COUNT} prompts in ${path}`)
