// A labelled set made ready for streams: profiles, and the nearest neighbours of each prompt by one embedder.

import { profileOf } from './semantic-core.mjs'
import { loadSet, titleOf } from './semantic-data.mjs'
import { nearestOfAll } from './semantic-neighbours.mjs'

/** Enough that the nearest which came before are among them. */
const NEAREST = 200

export async function prepareSet(directory, name, embedder) {
  const prompts = loadSet(directory, name).map((prompt) => ({ ...prompt, profile: profileOf(prompt.text) }))
  const vectors = []
  const batch = embedder.maxBatch ?? 64
  for (let from = 0; from < prompts.length; from += batch) {
    vectors.push(...(await embedder.embed(prompts.slice(from, from + batch).map(({ text }) => text))))
  }
  return { name, title: titleOf(name), prompts, nearest: nearestOfAll(vectors, NEAREST), calibration: embedder.calibration }
}
