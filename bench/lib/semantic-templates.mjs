// Prompts made of a template and a payload: alike in most of their words, though each payload wants an answer of its own.

import { createRandom } from './random.mjs'
import { profileOf } from './semantic-core.mjs'
import { loadSet } from './semantic-data.mjs'
import { nearestOfAll } from './semantic-neighbours.mjs'

const TEMPLATES = [
  'Translate to French: {}',
  'Translate the following text into German: {}',
  'Summarise: {}',
  'Summarize the following customer message in one sentence: {}',
  'What is the sentiment of this text? {}',
  'Classify the intent of this message: "{}"',
  'Rewrite this more politely: {}',
  'Correct the grammar of: {}',
  'Extract all named entities from the text below.\n\n{}',
  'You are a helpful assistant. Answer the question: {}',
  'Write a short reply to this customer: {}',
  'Make a title for this ticket: {}',
  'Which department should handle this? {}',
  'Explain to a child: {}',
  'Turn this into a search query: {}',
  'Give three follow-up questions to: {}',
  'Is this message urgent? Answer yes or no.\n{}',
  'Rephrase in the third person: {}',
  'Write a unit test description for the requirement: {}',
  'Q: {}\nA:',
]
/** What people change without changing what they ask for. */
const VARIANTS = [
  (text) => text.toLowerCase(),
  (text) => text.replace(/[?.!]+$/, ''),
  (text) => `${text.replace(/[?.!]+$/, '')}?`,
  (text) => text[0].toUpperCase() + text.slice(1),
  (text) => text.replace(/^(.{8,}?) (\S+)/, '$1  $2'),
  (text) => `${text} please`,
  (text) => `${text} Thanks!`,
]

/** Payloads are questions of `name`; each comes back in other spellings now and then. */
export function templatedSet(directory, name, embedder, count, seed) {
  const random = createRandom(seed)
  const any = (list) => list[Math.floor(random() * list.length)]
  const pool = loadSet(directory, name)
  const payloads = Array.from({ length: Math.ceil(count / 25) }, () => any(pool).text)
  const seen = new Map()
  while (seen.size < count) {
    const template = Math.floor(random() * TEMPLATES.length)
    const payload = Math.floor(random() ** 2 * payloads.length)
    const text = TEMPLATES[template].replace('{}', () => any(VARIANTS)(payloads[payload]))
    if (!seen.has(text)) seen.set(text, `${template}/${payload}`)
  }
  const prompts = [...seen].map(([text, label]) => ({ text, label, profile: profileOf(text) }))
  const nearest = nearestOfAll(embedder.embed(prompts.map(({ text }) => text)), 200)
  return { name: 'templates', title: `${TEMPLATES.length} templates`, prompts, nearest, calibration: embedder.calibration }
}
