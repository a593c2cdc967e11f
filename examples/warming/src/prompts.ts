/** What is asked beforehand: 20 questions about each of 25 cities. */

import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { WarmRequest } from '@llm-cache/core'

const CITIES: readonly string[] =
  'Accra,Athens,Bogotá,Chicago,Dakar,Dublin,Hanoi,Havana,Istanbul,Kyoto,Lima,Lisbon,Ljubljana,Marrakesh,Montréal,Mumbai,Nairobi,Oslo,Palermo,Prague,Quito,Reykjavík,Seoul,Tbilisi,Valparaíso'.split(
    ',',
  )

const QUESTIONS: readonly string[] = [
  'What should I see in one day?',
  'What should I see in three days?',
  'Where is the best view?',
  'What do people eat for breakfast?',
  'Which dish must I try?',
  'Where can I eat without meat?',
  'How do I get from the airport to the centre?',
  'How does public transport work?',
  'Can I walk everywhere?',
  'Is it safe at night?',
  'When is the best time to come?',
  'What do I do when it rains?',
  'Which museum is worth a morning?',
  'Where do children have fun?',
  'Which part of town should I stay in?',
  'What do I bring home?',
  'How much do I tip?',
  'Which words should I know?',
  'Where can I swim?',
  'Which day trip is the best?',
]

/** Every `PROMPT_COUNT` of them. */
export function* prompts(): Generator<WarmRequest> {
  for (const city of CITIES) for (const question of QUESTIONS) yield { url: '/guide', body: { city, question } }
}

export const PROMPT_COUNT: number = CITIES.length * QUESTIONS.length

/** One request a line, as JSON. */
export async function writePrompts(path: string): Promise<void> {
  function* lines(): Generator<string> {
    for (const prompt of prompts()) yield `${JSON.stringify(prompt)}\n`
  }
  await pipeline(Readable.from(lines()), createWriteStream(path))
}
