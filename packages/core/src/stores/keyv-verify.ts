/** Writes that are known to have happened: adapters report lost ones as done (@keyv/redis when Redis is full or read-only). */

import type { KeyvLike } from '../ports.js'
import { isAbsent, isOurs, sameValue } from './keyv-value.js'

/** Whether failures of `keyv` cannot go unnoticed: a `Map`, or an adapter and a Keyv that are both told to throw. */
export function tellsTheTruth(keyv: KeyvLike): boolean {
  if (isInProcess(keyv)) return true
  const outer = keyv as Throwing
  const store = innermost(outer)
  // Keyv 6 has no such option: it always emits the error that its adapter threw.
  return store.throwOnErrors === true && outer.throwOnErrors !== false
}

/** A `Map`, or a Keyv round one: no other process sees it. */
export function isInProcess(keyv: KeyvLike): boolean {
  return keyv instanceof Map || innermost(keyv as Throwing) instanceof Map
}

interface Throwing {
  readonly throwOnErrors?: unknown
  readonly store?: unknown
}

function innermost(keyv: Throwing): Throwing {
  const { store } = keyv
  return typeof store === 'object' && store !== null ? innermost(store as Throwing) : keyv
}

export interface Verification {
  /** The value under a key, from the store. */
  readonly read: (key: string) => Promise<unknown>
  /** When the entry in a value was stored, in ms since the epoch; undefined when the value is no entry of that key. */
  readonly storedAt: (value: unknown, key: string) => Promise<number | undefined>
}

/**
 * What became of a write of `value`: `there`, `lost`, or `older` when an entry that is older than `storedAt` is there instead: either
 * the write was lost, or a rival's came after it. A rival's entry that is not older counts as `there`.
 */
export async function verifyWrite(
  { read, storedAt }: Verification,
  key: string,
  value: string,
  writtenAt: number,
): Promise<'there' | 'older' | 'lost'> {
  const seen = await read(key)
  if (sameValue(seen, value)) return 'there'
  const seenAt = isOurs(seen) ? await storedAt(seen, key) : undefined
  if (seenAt === undefined) return 'lost'
  return seenAt >= writtenAt ? 'there' : 'older'
}

/** Deletes `key` and looks. A value that another one replaced in between is a rival's. @throws Error when it is still there */
export async function verifiedDelete({ read }: Verification, key: string, remove: (key: string) => Promise<unknown>): Promise<unknown> {
  const removed = await remove(key)
  const left = await read(key)
  if (isAbsent(left)) return removed
  await remove(key)
  const still = await read(key)
  if (isAbsent(still) || still !== left) return true
  throw new Error('What was deleted is still there.')
}
