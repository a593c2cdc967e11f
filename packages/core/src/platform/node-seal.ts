/** AES-256-GCM on Node, at once. */

import { createCipheriv, createDecipheriv, createSecretKey, randomFillSync } from 'node:crypto'
import type { SealKey } from './body-codec.js'

/** @param raw 32 bytes */
export function importSealKey(raw: Uint8Array): SealKey {
  const key = createSecretKey(raw)
  return {
    seal(nonce, plain, additional) {
      const cipher = createCipheriv(ALGORITHM, key, nonce, OPTIONS)
      cipher.setAAD(additional)
      const sealed = cipher.update(plain)
      cipher.final()
      return Buffer.concat([sealed, cipher.getAuthTag()])
    },
    open(nonce, sealed, additional) {
      if (sealed.byteLength < TAG_BYTES) return undefined
      try {
        const decipher = createDecipheriv(ALGORITHM, key, nonce, OPTIONS)
        decipher.setAAD(additional)
        decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
        const plain = decipher.update(sealed.subarray(0, -TAG_BYTES))
        // Throws unless the tag is right.
        decipher.final()
        return plain
      } catch {
        return undefined
      }
    },
  }
}

/** `length` bytes from the system's random source. */
export function randomBytes(length: number): Uint8Array {
  return randomFillSync(new Uint8Array(length))
}

const ALGORITHM = 'aes-256-gcm'
const TAG_BYTES = 16
const OPTIONS = { authTagLength: TAG_BYTES }
