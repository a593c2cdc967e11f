/** The contract of stores on an adapter that no Keyv wraps. */

import { describe, it } from 'vitest'
import type { KeyvLike } from '../../../packages/core/src/ports.js'
import { createKeyvStore } from '../../../packages/core/src/stores/keyv.js'
import { storeContract } from '../../../packages/core/src/testing/store-contract.js'

let made = 0

export interface BareBackend {
  /** An adapter that holds nothing yet; gets a number of its own each time. */
  open(made: number): object | Promise<object>
  close?(adapter: object): unknown
  /** What the adapter writes for a value that is to be read as `value`. @default text as it is, anything else as JSON */
  encode?(value: unknown): string
}

export function bareContract(name: string, { open, close, encode = asText }: BareBackend): void {
  storeContract({ describe, it }, `${name}, bare`, async ({ clock }) => {
    made += 1
    const adapter = (await open(made)) as KeyvLike
    return {
      store: createKeyvStore(adapter, { clock }),
      raw: { read: (key) => adapter.get(key), write: (key, value) => adapter.set(key, encode(value)) },
      dispose: async () => void (await close?.(adapter)),
    }
  })
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
