/** A bounded, even sample of the bodies that an app stores (Vitter's algorithm R), for measuring. */

import type { Entry } from '../entry/entry.js'

export interface Samples {
  add(entry: Entry): void
  /** The bodies held now. */
  bodies(): readonly Uint8Array[]
  /** Drops those of keys that begin with `prefix`. */
  forget(prefix: string): void
  /** Lets newer bodies in as readily as at the start. */
  age(): void
}

/** @param random from 0 to below 1 */
export function createSamples(random: () => number): Samples {
  let held: { readonly key: string; readonly body: Uint8Array }[] = []
  let seen = 0

  return {
    add({ key, body }) {
      seen++
      const at = held.length < MAX_SAMPLES ? held.length : Math.floor(random() * seen)
      // A copy: a view would keep the whole body of an entry alive that is long gone.
      if (at < MAX_SAMPLES) held[at] = { key, body: new Uint8Array(body.subarray(0, MAX_SAMPLE_BYTES)) }
    },
    bodies: () => held.map(({ body }) => body),
    forget(prefix) {
      held = held.filter(({ key }) => !key.startsWith(prefix))
    },
    age() {
      seen = held.length
    },
  }
}

export const MAX_SAMPLES: number = 16
const MAX_SAMPLE_BYTES = 64 * 1024
