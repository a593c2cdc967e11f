/** Commands to Redis, whatever kind of client carries them. */

import { RESP_TYPES } from '@redis/client'
import { createNonces, GarbledError, proven } from './proof.js'
import type { Script } from './scripts.js'

export type Argument = string | Buffer | Uint8Array

/** Commands are routed by `key`; in a cluster always to the master, since what was just written must be read. */
export interface Link {
  /** False where keys may lie on different nodes. */
  readonly single: boolean
  /**
   * Replies as text and numbers; they may be another command's. Rejects at once while there is no connection.
   */
  text(key: string, ...command: readonly Argument[]): Promise<unknown>
  /** Values as Buffers; they may be another key's. */
  bytes(key: string, ...command: readonly Argument[]): Promise<unknown>
  /** Routed by the first of `keys`. The reply, as text and numbers, is this script's. @throws GarbledError where that is not proven */
  run(script: Script, keys: readonly string[], ...args: readonly Argument[]): Promise<unknown>
  /** The connection is given up for what it answered. */
  garbled(): GarbledError
  /** What was answered is strange, which may be due to the connection: it is asked, and given up if it is wrong. */
  check(): void
}

/** Takes commands to Redis and answers back. */
export interface Carrier {
  send(key: string, command: (string | Buffer)[], typeMapping: object): Promise<unknown>
  /** What it brings is not to be trusted. */
  distrust(): void
  /** Asks whether answers still belong to questions. Never rejects. */
  check(): Promise<boolean>
}

export function createLink(single: boolean, { send, distrust, check }: Carrier): Link {
  const nonces = createNonces()
  const bytes: Link['bytes'] = (key, ...command) => send(key, command.map(argument), AS_BYTES)

  function garbled(): GarbledError {
    distrust()
    return new GarbledError()
  }

  async function prove(key: string, command: readonly Argument[]): Promise<unknown> {
    const nonce = nonces()
    const answer = await bytes(key, ...command, nonce)
    try {
      return proven(answer, nonce)
    } catch {
      throw garbled()
    }
  }

  return {
    single,
    text: (key, ...command) => send(key, command.map(argument), AS_TEXT),
    bytes,
    async run(script, keys, ...args) {
      const rest = [`${keys.length}`, ...keys, ...args]
      try {
        return await prove(keys[0] ?? '', ['EVALSHA', script.sha, ...rest])
      } catch (error) {
        // Another command's error would have the script run twice.
        if (!errorStartsWith(error, 'NOSCRIPT') || !(await check())) throw error
        return await prove(keys[0] ?? '', ['EVAL', script.text, ...rest])
      }
    },
    garbled,
    check: () => void check(),
  }
}

/** True for an error reply of Redis of this kind: 'NOSCRIPT', 'WRONGTYPE', 'OOM', ... */
export function errorStartsWith(error: unknown, kind: string): boolean {
  return error instanceof Error && error.message.startsWith(kind)
}

/** node-redis sends strings and Buffers; a Buffer over the same memory costs nothing. */
function argument(value: Argument): string | Buffer {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

// Set on every command: the client given may have a mapping of its own, and speak RESP 3.
const AS_TEXT = { [RESP_TYPES.MAP]: Array, [RESP_TYPES.BLOB_STRING]: String, [RESP_TYPES.SIMPLE_STRING]: String }
const AS_BYTES = { ...AS_TEXT, [RESP_TYPES.BLOB_STRING]: Buffer }
