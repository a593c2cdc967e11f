// Entries whose bytes follow from their key and round, so that one process can check what another one wrote.

import { createHash } from 'node:crypto'

export const KEYS = 60

export function entryOf(key, round) {
  const digest = createHash('sha512').update(`${key} ${round}`).digest()
  const body = Buffer.alloc(digest.readUInt32BE(0) % 30_000, digest)
  for (let at = 0; at + 4 <= body.length; at += 64) body.writeUInt32BE(at, at)
  return {
    id: String(round),
    key,
    storedAt: 1_750_000_000_000,
    staleAt: 8_000_000_000_000,
    deleteAt: 9_000_000_000_000,
    status: 200,
    headers: [['content-type', 'application/octet-stream']],
    body,
    chunks: undefined,
    meta: { provider: 'generic', model: undefined, route: undefined, usage: undefined, originMs: 1 + (round % 1000), tags: [] },
  }
}
