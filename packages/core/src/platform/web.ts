/** The runtime's primitives where there is no `node:`: the default arm of `#platform`. Same surface as `./node.ts`. */

import { hmac } from '@noble/hashes/hmac.js'
import { sha256 as digest } from '@noble/hashes/sha2.js'
import type { IsModelCall, JudgeResponse, UpstreamTrace, UpstreamWatch } from '../ports.js'
import type { ReadLines } from './lines.js'

export type { InMemory, InMemoryRequest, NodeServer, Peer } from './app-port.js'
export type { BodyCodec, CodecSupport, OpenBodyCodec, SealKey } from './body-codec.js'
export { readVariable } from './environment.js'
export type { Line, ReadLines } from './lines.js'
export { openBodyCodec } from './web-compress.js'
export { inMemory } from './web-in-memory.js'
export { importSealKey, randomBytes } from './web-seal.js'

const encoder = new TextEncoder()

/** There are no files. */
export const readLines: ReadLines | undefined = undefined

/** SHA-256 of `data` in base64url (43 characters). FIPS 180-4. */
export function sha256(data: string | Uint8Array): string {
  return toBase64Url(digest(typeof data === 'string' ? encoder.encode(data) : data))
}

/** HMAC-SHA-256 of `data` in base64url (43 characters). RFC 2104. */
export function hmacSha256(secret: string, data: string): string {
  return toBase64Url(hmac(digest, encoder.encode(secret), encoder.encode(data)))
}

/** 128 random bits in base64url (22 characters). */
export function randomId(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(16)))
}

/** Standard base64 of `bytes`, with padding. RFC 4648 section 4. */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  return btoa(binary)
}

/** Bytes of standard base64; empty when `text` is not base64 (the frame's checksum catches damage). */
export function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return new Uint8Array(0)
  }
}

/** Without asynchronous context there is no tie between a handler and its upstream calls: nothing is ever seen. */
export function createUpstreamWatch(_isModelCall: IsModelCall, _judge: JudgeResponse): UpstreamWatch {
  const trace: UpstreamTrace = { run: (callback) => callback(), calls: 0, state: 'unknown', close: () => undefined }
  return { trace: () => trace, close: () => undefined }
}

function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

const CHUNK = 8192
