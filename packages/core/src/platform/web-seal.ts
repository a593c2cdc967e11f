/** AES-256-GCM through WebCrypto. */

import type { SealKey } from './body-codec.js'

/** @param raw 32 bytes */
export function importSealKey(raw: Uint8Array): SealKey {
  const importing = crypto.subtle.importKey('raw', Uint8Array.from(raw), 'AES-GCM', false, ['encrypt', 'decrypt'])
  // Each use meets the failure by itself.
  importing.catch(() => undefined)
  return {
    async seal(nonce, plain, additional) {
      return new Uint8Array(await crypto.subtle.encrypt(parameters(nonce, additional), await importing, plain))
    },
    async open(nonce, sealed, additional) {
      try {
        return new Uint8Array(await crypto.subtle.decrypt(parameters(nonce, additional), await importing, sealed))
      } catch {
        return undefined
      }
    },
  }
}

/** `length` bytes from the platform's random source. */
export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length))
}

function parameters(
  nonce: Uint8Array,
  additional: Uint8Array,
): { name: string; iv: Uint8Array; additionalData: Uint8Array; tagLength: number } {
  return { name: 'AES-GCM', iv: nonce, additionalData: additional, tagLength: 128 }
}
