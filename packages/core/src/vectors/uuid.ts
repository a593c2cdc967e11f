/** Ids for databases that take UUIDs alone. */

import { sha256 } from '#platform'

/** 122 bits of a SHA-256 over the namespace and the id, as a UUID. RFC 9562 section 5.8. */
export function uuidOf(namespace: string, id: string): string {
  const digest = sha256(`${namespace}\0${id}`)
  const bits = Array.from(digest, (character) => ALPHABET.indexOf(character).toString(2).padStart(6, '0')).join('')
  const hex = Array.from({ length: 32 }, (_, at) => Number.parseInt(bits.slice(at * 4, at * 4 + 4), 2).toString(16)).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`
}

/** Base64url. RFC 4648 section 5. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
