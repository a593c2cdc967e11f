/** Listing keys by SCAN, on connections of its own: a long listing holds up no reads. */

import type { Clock } from '@llm-cache/core'
import type { Connection } from './connection.js'
import { within } from './deadline.js'
import type { KeyNames } from './keys.js'
import { createLink } from './link.js'
import { SCAN } from './scripts.js'

/**
 * The cache keys for which there is an entry, a lock or a fence under a name that matches `pattern`, each once. Those that
 * are there from the start to the end are all listed. The keys listed so far are held in memory, to tell repetitions.
 *
 * @throws when not all could be listed
 */
export async function* scanKeys(
  connection: Connection,
  names: Pick<KeyNames, 'cacheKey'>,
  pattern: string,
  clock: Clock,
): AsyncGenerator<string, void, void> {
  const seen = new Set<string>()
  const all = connection.eachMaster(async function* (client) {
    const send = (_key: string, command: (string | Buffer)[], typeMapping: object): Promise<unknown> =>
      client.sendCommand(command, { typeMapping })
    const link = createLink(true, { send, distrust: () => {}, check: async () => true })
    let cursor = '0'
    do {
      const reply = await within(clock, PAGE_MS, link.run(SCAN, [], cursor, pattern, `${PAGE}`))
      const [next, page] = reply as [string, string[]]
      yield* page
      cursor = next
    } while (cursor !== '0')
  })
  for await (const name of all) {
    const key = names.cacheKey(name)
    if (key === undefined || seen.has(key)) continue
    seen.add(key)
    yield key
  }
}

/** Calls `work` for each of `keys`, at most 128 at a time. @throws what the first one that failed threw, after its batch */
export async function inBatches(keys: AsyncIterable<string>, work: (key: string) => Promise<void>): Promise<void> {
  let batch: string[] = []
  const flush = async (): Promise<void> => {
    const results = await Promise.allSettled(batch.map(work))
    batch = []
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }
  for await (const key of keys) if (batch.push(key) === BATCH) await flush()
  await flush()
}

const PAGE = 500
const PAGE_MS = 5000
const BATCH = 128
