/** The runtime's primitives on Node (and Bun): the `node` arm of `#platform`. Same surface as `./web.ts`. */

import * as crypto from 'node:crypto'
import { createHash, createHmac, randomBytes as cryptoBytes } from 'node:crypto'
import type { ReadLines } from './lines.js'
import { fileLines } from './node-lines.js'

export type { InMemory, InMemoryRequest, NodeServer, Peer } from './app-port.js'
export type { BodyCodec, CodecSupport, OpenBodyCodec, SealKey } from './body-codec.js'
export { readVariable } from './environment.js'
export type { Line, ReadLines } from './lines.js'
export { openBodyCodec } from './node-compress.js'
export { inMemory } from './node-in-memory.js'
export { importSealKey, randomBytes } from './node-seal.js'
export { createUpstreamWatch } from './node-upstream.js'

/** Lines of a file, where there are files. */
export const readLines: ReadLines | undefined = fileLines

/** SHA-256 of `data` in base64url (43 characters). FIPS 180-4. */
export function sha256(data: string | Uint8Array): string {
  return hashOnce ? hashOnce('sha256', data, 'base64url') : createHash('sha256').update(data).digest('base64url')
}

/** HMAC-SHA-256 of `data` in base64url (43 characters). RFC 2104. */
export function hmacSha256(secret: string, data: string): string {
  return createHmac('sha256', secret).update(data).digest('base64url')
}

/** 128 random bits in base64url (22 characters). */
export function randomId(): string {
  return cryptoBytes(16).toString('base64url')
}

/** Standard base64 of `bytes`, with padding. RFC 4648 section 4. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** Bytes of standard base64; characters outside the alphabet are skipped (the frame's checksum catches damage). */
export function fromBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64')
}

// crypto.hash is 2x createHash for short inputs; Bun and Deno lack it in some versions.
type HashOnce = (algorithm: string, data: string | Uint8Array, encoding: 'base64url') => string
const hashOnce: HashOnce | undefined = (crypto as { hash?: HashOnce }).hash
