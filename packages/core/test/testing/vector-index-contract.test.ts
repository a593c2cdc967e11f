import { describe, expect, it } from 'vitest'
import type { VectorItem, VectorMatch } from '../../src/semantic/ports.js'
import { createMemoryVectorIndex, type MemoryVectorIndex } from '../../src/semantic/vectors/memory.js'
import { brokenRules } from '../../src/testing/vector-index-contract.js'

type Fault = (index: MemoryVectorIndex) => Partial<MemoryVectorIndex>

const changeItems =
  (change: (item: VectorItem) => VectorItem): Fault =>
  (index) => ({ add: (namespace, items) => index.add(namespace, items.map(change)) })
const changeMatches =
  (change: (matches: readonly VectorMatch[], k: number) => readonly VectorMatch[]): Fault =>
  (index) => ({ search: (namespace, vector, query) => change(index.search(namespace, vector, query), query.k) })

const FAULTS: Readonly<Record<string, readonly [rule: string, fault: Fault]>> = {
  'a name that is no label': ['declares a name', () => ({ name: 'My index' })],
  'promises where it said that there are none': [
    'answers at once where it says so',
    (index) => ({ size: (() => Promise.resolve(index.size())) as unknown as () => number }),
  ],
  'the farthest first': ['gives the nearest first, with their cosines', changeMatches((matches) => matches.toReversed())],
  'distances in place of similarities': [
    'gives the nearest first, with their cosines',
    changeMatches((matches) => matches.map(({ id, similarity }) => ({ id, similarity: 1 - similarity }))),
  ],
  'one too many': [
    'gives no more than k',
    (index) => ({ search: (namespace, vector, query) => index.search(namespace, vector, { ...query, k: query.k + 1 }) }),
  ],
  'no threshold': [
    'gives nothing under the least similarity',
    (index) => ({ search: (namespace, vector, query) => index.search(namespace, vector, { ...query, minSimilarity: -1 }) }),
  ],
  'no replacing': [
    'replaces what has the same id',
    (index) => {
      const seen = new Set<string>()
      return {
        add: (namespace, items) =>
          index.add(
            namespace,
            items.filter(({ id }) => !seen.has(`${namespace} ${id}`) && seen.add(`${namespace} ${id}`)),
          ),
      }
    },
  ],
  'no removing': ['removes those that it is told to, and no others', () => ({ remove: () => undefined })],
  'removing in all namespaces': [
    'removes those that it is told to, and no others',
    (index) => ({
      remove(_namespace, ids) {
        for (const namespace of ['lc1.p.n', 'lc1.p.other']) index.remove(namespace, ids)
      },
    }),
  ],
  'namespaces that do not mind case': [
    'never mixes namespaces',
    (index) => ({
      add: (namespace, items) => index.add(namespace.toLowerCase(), items),
      search: (namespace, vector, query) => index.search(namespace.toLowerCase(), vector, query),
    }),
  ],
  'a prefix that is taken for a pattern': [
    'clears by prefix, which is never a pattern',
    (index) => ({ clear: (prefix) => index.clear(prefix.split('*')[0] as string) }),
  ],
  'a prefix without its dot': [
    'clears by prefix, which is never a pattern',
    (index) => ({ clear: (prefix) => index.clear(prefix.replace(/\.$/, '')) }),
  ],
  'nothing cleared': ['clears all of its own and nothing else', () => ({ clear: () => undefined })],
  'vectors cut to fit': [
    'refuses vectors of another dimension than those beside them',
    changeItems((item) => ({ ...item, vector: item.vector.slice(0, 8) })),
  ],
  'zeros in place of what is no number': [
    'refuses vectors that are zero or no numbers',
    changeItems((item) => ({ ...item, vector: item.vector.map((part) => part || 1e-9) })),
  ],
  'no expiry': ['finds nothing from deleteAt on', changeItems((item) => ({ ...item, deleteAt: Number.POSITIVE_INFINITY }))],
  'an hour for what has no time': [
    'keeps nothing for ever by accident',
    changeItems((item) => ({ ...item, deleteAt: item.deleteAt || Date.now() + 3_600_000 })),
  ],
  'ids of 64 characters': ['tells long and similar names apart', changeItems((item) => ({ ...item, id: item.id.slice(0, 64) }))],
  'the first hundred of a thousand': [
    'takes a thousand at once, and finds each of them',
    (index) => ({ add: (namespace, items) => index.add(namespace, items.slice(0, 100)) }),
  ],
  'exact that is not': [
    'exact gives just what a comparison with all gives',
    changeMatches((matches, k) => (k === 20 ? [...matches.slice(0, 9), ...matches.slice(10)] : matches)),
  ],
  'a count of namespaces': ['counts what it holds, where it counts', () => ({ size: () => 1 })],
  'an error at the second close': [
    'closes twice without complaint',
    (index) => {
      let closed = 0
      return {
        close() {
          index.close()
          // The contract itself closes for the last time.
          if (++closed === 2) throw new Error('closed')
        },
      }
    },
  ],
}

describe('the contract of vector indexes', () => {
  it('is kept by an index that is whole', async () => {
    expect(await brokenRules({ name: 'memory', create: async ({ clock }) => ({ index: createMemoryVectorIndex({ clock }) }) })).toEqual([])
  })

  it.each(Object.entries(FAULTS))('finds %s', async (_name, [rule, fault]) => {
    const create = async ({ clock }: { clock: { now(): number } }) => {
      const index = createMemoryVectorIndex({ clock })
      return { index: { ...index, ...fault(index) } }
    }
    expect(await brokenRules({ name: 'broken', create })).toContain(rule)
  })
})
