import { describe, it } from 'vitest'
import { createMemoryVectorIndex } from '../../../src/semantic/vectors/memory.js'
import { vectorIndexContract } from '../../../src/testing/vector-index-contract.js'

for (const webAssembly of [true, false]) {
  vectorIndexContract(
    { describe, it },
    {
      name: webAssembly ? 'memory' : 'memory without WebAssembly',
      create: async ({ clock }) => ({ index: createMemoryVectorIndex({ clock, webAssembly }) }),
    },
  )
}
