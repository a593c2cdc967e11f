// Writes packages/core/src/semantic/vectors/hamming.generated.ts: hamming.wat beside it, assembled by the devDependency wabt.
//
//   node scripts/generate-hamming.mjs
//
// packages/core/test/semantic/vectors/hamming.test.ts fails when the file is not what this script would write.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import wabt from 'wabt'

const folder = new URL('../packages/core/src/semantic/vectors/', import.meta.url)

/** Text of the generated file. */
export async function generate() {
  const source = readFileSync(new URL('hamming.wat', folder), 'utf8')
  const { parseWat } = await wabt()
  const module = parseWat('hamming.wat', source, { simd: true })
  module.validate()
  const bytes = Buffer.from(module.toBinary({}).buffer)
  module.destroy()
  return `// Made of hamming.wat by scripts/generate-hamming.mjs. ${bytes.length} bytes of WebAssembly.

export const HAMMING_WASM = '${bytes.toString('base64')}'
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('hamming.generated.ts', folder), await generate())
}
