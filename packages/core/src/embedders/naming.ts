/** What an embedder is called. */

import { sha256 } from '#platform'

/** `source:model:dimensions`. Characters that an id may not have become `_`, with a digest of the true name behind them. */
export function embedderId(source: string, model: string, dimensions: number | undefined): string {
  const plain = model.replace(/[^A-Za-z0-9:._/-]/g, '_').slice(0, MAX_MODEL)
  const name = plain === model ? model : `${plain.slice(0, MAX_MODEL - DIGEST - 1)}-${sha256(model).slice(0, DIGEST)}`
  return `${source}:${name}${dimensions === undefined ? '' : `:${dimensions}`}`
}

const MAX_MODEL = 75
const DIGEST = 10
