/** Clearing a Keyv without taking more than its own, and knowing that it is done. */

import { randomId } from '#platform'
import type { KeyvLike } from '../ports.js'
import type { KeyvLister } from './keyv-keys.js'
import { namespaceOf } from './keyv-limits.js'

export interface KeyvClearing {
  readonly keyv: KeyvLike
  readonly lister: KeyvLister | undefined
  /** Removes one key, and rejects when it is still there. */
  readonly remove: (key: string) => Promise<unknown>
  readonly clearsAll: boolean
  /** Whether to look if the adapter's own `clear` did what it says. */
  readonly verify: boolean
}

/**
 * Removes entry by entry where the adapter lists what it holds, since adapters take the namespace for a pattern: their own `clear`
 * of `t` takes `t::u` with it, and on MongoDB everything that begins with a `t`. Else calls the adapter's own.
 *
 * @throws Error when anything is left; when the adapter's own `clear` would reach further than the namespace
 */
export async function clearKeyv(clearing: KeyvClearing): Promise<void> {
  const { lister, remove } = clearing
  if (!lister || !(await lister.works())) return clearByAdapter(clearing)
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const keys: string[] = []
    for await (const key of lister.list('')) keys.push(key)
    if (keys.length === 0) return
    for (let at = 0; at < keys.length; at += BATCH) await Promise.all(keys.slice(at, at + BATCH).map(remove))
  }
}

async function clearByAdapter({ keyv, clearsAll, verify }: KeyvClearing): Promise<void> {
  const namespace = namespaceOf(keyv)
  if (/[*?[\]\\]/.test(namespace)) {
    throw new Error('The Keyv namespace contains pattern characters (* ? [ ] \\): clearing it would reach other namespaces.')
  }
  if (clearsAll && namespace !== '') {
    throw new Error('This backend can only be emptied as a whole: give it to the cache alone, through a Keyv without namespace.')
  }
  if (!verify) return void (await keyv.clear())
  const witness = `lc0.probe.${randomId()}`
  await keyv.set(witness, WITNESS_VALUE, WITNESS_MS)
  await keyv.clear()
  const left = await keyv.get(witness)
  if (typeof left === 'string') throw new Error('What was cleared is still there.')
}

const MAX_PASSES = 20
const BATCH = 100
const WITNESS_VALUE = '"llm-cache-probe"'
const WITNESS_MS = 60_000
