/** Commands to Redis, whatever kind of client carries them. */

import { RESP_TYPES } from '@redis/client'
import type { Script } from './scripts.js'

export type Argument = string | Buffer | Uint8Array

/** Commands are routed by `key`; in a cluster always to the master, since what was just written must be read. */
export interface Link {
  /** False where keys may lie on different nodes. */
  readonly single: boolean
  /** Replies as text and numbers. Rejects at once while there is no connection. */
  text(key: string, ...command: readonly Argument[]): Promise<unknown>
  /** Values as Buffers. */
  bytes(key: string, ...command: readonly Argument[]): Promise<unknown>
  run(script: Script, keys: readonly [string, ...string[]], ...args: readonly Argument[]): Promise<unknown>
}

export type Send = (key: string, command: (string | Buffer)[], typeMapping: object) => Promise<unknown>

export function createLink(single: boolean, send: Send): Link {
  const text: Link['text'] = (key, ...command) => send(key, command.map(argument), AS_TEXT)
  return {
    single,
    text,
    bytes: (key, ...command) => send(key, command.map(argument), AS_BYTES),
    async run(script, keys, ...args) {
      const rest = [`${keys.length}`, ...keys, ...args]
      try {
        return await text(keys[0], 'EVALSHA', script.sha, ...rest)
      } catch (error) {
        if (!errorStartsWith(error, 'NOSCRIPT')) throw error
        return await text(keys[0], 'EVAL', script.text, ...rest)
      }
    },
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
