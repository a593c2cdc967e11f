import { describe, it } from 'vitest'
import { loadDriver } from '../../src/disk/driver.js'
import { createDiskStore } from '../../src/disk/index.js'
import { decodeFrame, encodeFrame } from '../../src/entry/frame.js'
import type { ManualClock } from '../../src/testing/manual-clock.js'
import { type StoreSubject, storeContract } from '../../src/testing/store-contract.js'
import { openRaw, temporaryFile } from './support.js'

function subject(clock: ManualClock): StoreSubject {
  const file = temporaryFile()
  const store = createDiskStore({ path: file.path, clock })
  const raw = openRaw(file.path)
  return {
    store,
    raw: { read: (key) => raw.frame(key)?.toString('latin1'), write: raw.plant },
    dispose: () => {
      raw.close()
      file.remove()
    },
  }
}

storeContract({ describe, it }, `disk on ${loadDriver().name}`, async ({ clock }) => subject(clock))

storeContract({ describe, it }, 'disk with a codec that takes its time', async ({ clock }) => {
  const made = subject(clock)
  made.store.useCodec?.({
    encode: async (entry) => encodeFrame(entry),
    decode: async (bytes, key) => decodeFrame(bytes, key),
  })
  return made
})
