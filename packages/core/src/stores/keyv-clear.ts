/** Clearing a Keyv without taking more than its own. */

import type { KeyvLike } from '../ports.js'

/**
 * Clears the namespace of `keyv`; of a bare `Map`, which has none, only what `isOurs` recognises.
 *
 * @throws Error when the namespace is a pattern: adapters do not escape it, and `*` would clear everybody's
 */
export async function clearKeyv(keyv: KeyvLike, isOurs: (value: unknown) => boolean): Promise<void> {
  if (keyv instanceof Map) {
    for (const [key, value] of keyv as Map<unknown, unknown>) if (isOurs(value)) keyv.delete(key)
    return
  }
  const { namespace } = keyv as { namespace?: unknown }
  if (typeof namespace === 'string' && /[*?[\]\\]/.test(namespace)) {
    throw new Error('The Keyv namespace contains pattern characters (* ? [ ] \\): clearing it would reach other namespaces.')
  }
  await keyv.clear()
}
