// Waits for a line on its standard input, then writes entries to the disk store as fast as it can until it is killed.
// Says "writing" before it opens the store, and `key round` after each write that the store took.
// Usage: node disk-kill-child.mjs <store module> <content module> <file> <first round> <true: also evict and delete>

import { writeSync } from 'node:fs'

const [storeModule, contentModule, path, firstRound, churning] = process.argv.slice(2)
const { createDiskStore } = await import(storeModule)
const { entryOf, KEYS } = await import(contentModule)

await new Promise((resolve) => process.stdin.once('data', resolve))
writeSync(1, 'writing\n')
const store = createDiskStore({ path, maxBytes: churning === 'true' ? 400_000 : 100_000_000 })
for (let round = Number(firstRound); ; round += 1) {
  try {
    await write(round)
  } catch (error) {
    // Another process holds the file for long: the write was not taken, which is what the store says.
    if (!/locked|busy/.test(error.message)) throw error
  }
}

async function write(round) {
  const key = `lc1.p.${(round * 7919) % KEYS}`
  if (churning === 'true' && round % 5 === 0) await store.delete(key)
  if (round % 11 === 0) await store.setMany([0, 1, 2].map((step) => entryOf(`lc1.p.${(round + step) % KEYS}`, round)))
  else if (await store.set(entryOf(key, round))) writeSync(1, `${key} ${round}\n`)
}
