// A labelled set made ready for streams: profiles, and the nearest neighbours of each prompt by one embedder.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMemoryVectorIndex, profileOf } from './semantic-core.mjs'
import { loadSet, titleOf } from './semantic-data.mjs'
import { nearestOfAll } from './semantic-neighbours.mjs'

/** Enough that the nearest which came before are among them. */
const NEAREST = 200

/** @param cache folder for tables of neighbours, which take minutes to make */
export async function prepareSet(directory, name, embedder, cache) {
  const prompts = loadSet(directory, name).map((prompt) => ({ ...prompt, profile: profileOf(prompt.text) }))
  const texts = prompts.map(({ text }) => text)
  const nearest = await cachedNeighbours(cache, `${name}-${texts.length}-${embedder.id}`, () => neighboursOf(texts, embedder))
  return { name, title: titleOf(name), prompts, nearest, calibration: embedder.calibration }
}

async function neighboursOf(texts, embedder) {
  const vectors = []
  const batch = embedder.maxBatch ?? 64
  for (let from = 0; from < texts.length; from += batch) vectors.push(...(await embedder.embed(texts.slice(from, from + batch))))
  return embedder.cheap ? nearestOfAll(vectors, NEAREST) : nearestByIndex(vectors, NEAREST)
}

/** As an app finds them; comparing all takes hours where vectors are dense. */
function nearestByIndex(vectors, k) {
  const index = createMemoryVectorIndex({ maxVectors: vectors.length, maxBytes: 4e9 })
  const units = vectors.map((vector) => Float32Array.from(vector))
  index.add(
    'lc1.bench.n',
    units.map((vector, at) => ({ id: String(at), vector, deleteAt: Number.MAX_SAFE_INTEGER })),
  )
  const nearest = { k, indexes: new Int32Array(vectors.length * k).fill(-1), cosines: new Float32Array(vectors.length * k) }
  for (const [row, vector] of units.entries()) {
    const found = index.search('lc1.bench.n', vector, { k: k + 1 }).filter(({ id }) => Number(id) !== row)
    for (const [rank, { id, similarity }] of found.slice(0, k).entries()) {
      nearest.indexes[row * k + rank] = Number(id)
      nearest.cosines[row * k + rank] = similarity
    }
  }
  index.close()
  return nearest
}

async function cachedNeighbours(cache, id, make) {
  const file = cache && join(cache, `${id.replace(/[^\w.-]/g, '_')}-${NEAREST}.bin`)
  if (file && existsSync(file)) {
    const bytes = readFileSync(file)
    const half = bytes.length / 2
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
    return { k: NEAREST, indexes: new Int32Array(buffer, 0, half / 4), cosines: new Float32Array(buffer, half, half / 4) }
  }
  const nearest = await make()
  if (file) {
    mkdirSync(cache, { recursive: true })
    writeFileSync(`${file}.part`, Buffer.concat([Buffer.from(nearest.indexes.buffer), Buffer.from(nearest.cosines.buffer)]))
    renameSync(`${file}.part`, file)
  }
  return nearest
}
