/** What lies near a prompt: the vector index, what is known of the entries that its vectors lead to, and these entries themselves. */

import { LRUCache } from 'lru-cache'
import { sha256 } from '#platform'
import type { Entry } from '../entry/entry.js'
import { atMost } from '../lib/at-most.js'
import { chain, isThenable } from '../lib/deadline.js'
import type { Awaitable, Clock } from '../ports.js'
import type { Lookup, StoreTiers } from '../stores/tiers.js'
import type { SemanticQuery } from './finding.js'
import { createNodeTable, MAX_NODES, type Node, type NodeTable } from './nodes.js'
import type { VectorIndex, VectorMatch } from './ports.js'
import type { Neighbour } from './rule/standing.js'
import type { Words } from './text/evidence.js'
import { createFrequencies, type Frequencies } from './text/frequencies.js'
import { guardIndex } from './vectors/guarded.js'
import { createMemoryVectorIndex } from './vectors/memory.js'

/** What the layer needs of the stores. */
export type LayerStore = Pick<StoreTiers, 'peek' | 'get' | 'delete' | 'records' | 'scan'>

export interface NearNode extends Neighbour {
  readonly node: Node
}

export interface Nearby {
  readonly nodes: NodeTable
  /** The vectors are in this process alone. */
  readonly isOwn: boolean
  /**
   * The entries nearest to `vector` in `namespace`, best first, without the query's own. What turns out to be gone leaves the index,
   * unless the query is dry.
   *
   * @throws what the index throws, and VectorIndexError where it takes too long
   */
  search(namespace: string, vector: Float32Array, query: NearbyQuery): Awaitable<readonly NearNode[]>
  /** As `search`, of all namespaces under `prefix`, `k` of each, as nodes. */
  searchAll(prefix: string, vector: Float32Array, k: number): Promise<readonly { readonly node: Node; readonly similarity: number }[]>
  /** @param atHand the stores behind are not asked: what is not in this process has failed */
  look(key: string, isFresh: (entry: Entry) => boolean, atHand?: boolean): Awaitable<Lookup>
  /** What answers for `node`: its entry, as `look` finds it; absent where what it says was rejected, here or in another process. */
  answer(node: Node, query: Pick<SemanticQuery, 'isFresh' | 'atHand' | 'dry'>): Awaitable<Lookup>
  /** The group that the answer with this id was found to belong to, in whatever process; undefined where that is not known. */
  recordedGroup(key: string, entryId: string): Promise<string | undefined>
  /** Tells other processes, and those to come, of it. */
  recordGroup(entry: Entry, group: string): void
  /** Makes an entry one that can be found, or its vector last longer. @param deleteAt ms since the epoch */
  add(node: Node, vector: Float32Array, deleteAt: number, words?: Words): Promise<void>
  /** Neither the node nor its vector is found any more. */
  lose(key: string, namespace: string): void
  /**
   * Those that were judged to say the same as this answer are found no more, and asked for anew, under whatever prompt; by other processes
   * of a store that lasts from when they next look, ten seconds later at the latest.
   */
  disown(entryId: string, key: string): void
  clear(prefix: string): void
  frequenciesOf(namespace: string): Frequencies
  close(): Promise<void>
}

/** Whose neighbours are looked for. */
export type NearbyQuery = Pick<SemanticQuery, 'key' | 'atHand' | 'dry'>

export interface NearbyOptions {
  readonly store: LayerStore
  /** The app's own. */
  readonly index: VectorIndex | undefined
  readonly embedderId: string
  readonly clock: Clock
  /** The index could not do what was asked of it in the background. */
  readonly onFailed: (error: unknown) => void
}

export function createNearby({ store, index: given, embedderId, clock, onFailed }: NearbyOptions): Nearby {
  const own = given ? undefined : createMemoryVectorIndex({ maxVectors: MAX_NODES, maxBytes: OWN_INDEX_BYTES, clock })
  const index = given ? guardIndex(given, clock) : (own as VectorIndex)
  // An index of the app's own may be others' too: what leaves this process's memory stays there.
  const nodes = createNodeTable(MAX_NODES, ({ key, namespace }) => own && drop(key, namespace))
  const frequencies = new LRUCache<string, Frequencies>(atMost(MAX_NAMESPACES))
  /** Groups whose answers were rejected, and others until when (monotonic, ms) they are known not to be. */
  const rejections = new LRUCache<string, number>(atMost(MAX_NODES))
  /** Vectors of two embedders are never compared. */
  const space = sha256(embedderId).slice(0, 8)
  const spaceOf = (namespace: string): string => `${namespace}.${space}`

  function drop(key: string, namespace: string): void {
    safely(() => index.remove(spaceOf(namespace), [key]))
  }

  function safely(work: () => Awaitable<unknown>): void {
    try {
      const result = work()
      if (isThenable(result)) void Promise.resolve(result).catch(onFailed)
    } catch (error) {
      onFailed(error)
    }
  }

  function lose(key: string, namespace: string): void {
    nodes.remove(key)
    drop(key, namespace)
  }

  function neighboursOf(query: NearbyQuery, namespace: string, matches: readonly VectorMatch[]): Awaitable<readonly NearNode[]> {
    const { key, atHand, dry } = query
    const known = (): readonly NearNode[] =>
      matches.flatMap(({ id, similarity }): NearNode[] => {
        const node = nodes.get(id)
        return node && node.namespace === namespace && id !== key ? [{ id, similarity, group: node.group, node }] : []
      })
    const strangers = store.records.lasting && !atHand ? matches.filter(({ id }) => id !== key && !nodes.get(id)) : []
    if (strangers.length === 0) return known()
    return Promise.all(strangers.map(({ id }) => meet(id, namespace, dry === true))).then(known)
  }

  /** What another process added, or this one before it was restarted. */
  async function meet(key: string, namespace: string, dry: boolean): Promise<void> {
    const found = await look(key, ANY)
    if (found.kind === 'failed') return
    const prompt = found.kind === 'found' ? found.entry.meta.prompt : undefined
    if (found.kind !== 'found' || prompt?.namespace !== namespace) {
      if (!dry) drop(key, namespace)
      return
    }
    const group = (await recordedGroup(key, found.entry.id)) ?? found.entry.id
    if (!nodes.get(key)) nodes.add({ key, entryId: found.entry.id, namespace, text: prompt.text, group, owner: prompt.owner })
  }

  async function recordedGroup(key: string, entryId: string): Promise<string | undefined> {
    return store.records.lasting ? (await store.records.read(groupKey(key, entryId)))?.[0] : undefined
  }

  /** A store that cannot be asked says nothing. */
  function isRejected(group: string, atHand = false): Awaitable<boolean> {
    const until = rejections.get(group) ?? Number.NEGATIVE_INFINITY
    if (until === REJECTED || !store.records.lasting) return until === REJECTED
    if (atHand || clock.monotonic() < until) return false
    return store.records.read(rejectionKey(group)).then((texts) => {
      if (texts) rejections.set(group, texts.length > 0 ? REJECTED : clock.monotonic() + RECHECK_MS)
      return texts !== undefined && texts.length > 0
    })
  }

  /** @param rejected its entry is gone already */
  function expel(group: string, rejected?: string): void {
    for (const { key, namespace, entryId } of nodes.inGroup(group)) {
      lose(key, namespace)
      // An exact hit meanwhile would have made it one that can be found again.
      if (entryId !== rejected) void store.delete(key).then(() => nodes.get(key)?.entryId === entryId && lose(key, namespace))
    }
  }

  function look(key: string, isFresh: (entry: Entry) => boolean, atHand = false): Awaitable<Lookup> {
    const near = store.peek(key, isFresh)
    if (near.kind === 'found') return near
    return atHand ? NOT_ASKED : store.get(key, isFresh)
  }

  return {
    nodes,
    isOwn: own !== undefined,
    search: (namespace, vector, query) =>
      chain(index.search(spaceOf(namespace), vector, { k: NEIGHBOURS }), (matches) => neighboursOf(query, namespace, matches)),
    async searchAll(prefix, vector, k) {
      const found: { node: Node; similarity: number }[] = []
      for (const namespace of nodes.namespaces(prefix)) {
        for (const { id, similarity } of await index.search(spaceOf(namespace), vector, { k })) {
          const node = nodes.get(id)
          if (node) found.push({ node, similarity })
        }
      }
      return found.sort((a, b) => b.similarity - a.similarity).slice(0, k)
    },
    look,
    answer(node, { isFresh, atHand, dry }) {
      return chain(isRejected(node.group, atHand), (rejected) => {
        if (!rejected) return look(node.key, isFresh, atHand)
        if (!dry) expel(node.group)
        return ABSENT
      })
    },
    recordedGroup,
    recordGroup({ key, id, deleteAt }, group) {
      if (store.records.lasting) void store.records.write(groupKey(key, id), group, deleteAt - clock.now())
    },
    async add(node, vector, deleteAt, words) {
      const { key, namespace } = node
      if (nodes.get(key) !== node) nodes.add(node, words)
      await index.add(spaceOf(namespace), [{ id: key, vector, deleteAt }])
      // It went while it was added.
      if (!nodes.get(key)) drop(key, namespace)
    },
    lose,
    disown(entryId, key) {
      const reject = (group: string): void => {
        rejections.set(group, REJECTED)
        expel(group, entryId)
        if (store.records.lasting) void store.records.write(rejectionKey(group), '1', REJECTION_MS)
      }
      const node = nodes.get(key)
      if (node?.entryId === entryId) reject(node.group)
      else void recordedGroup(key, entryId).then((group = entryId) => reject(group))
    },
    clear(prefix) {
      nodes.clear(prefix)
      safely(() => index.clear(prefix))
      for (const namespace of [...frequencies.keys()]) if (namespace.startsWith(prefix)) frequencies.delete(namespace)
    },
    frequenciesOf(namespace) {
      const known = frequencies.get(namespace)
      if (known) return known
      const made = createFrequencies(MAX_TERMS)
      frequencies.set(namespace, made)
      return made
    },
    async close() {
      await own?.close()
    },
  }
}

/** That what the answers of a group say was rejected. */
function rejectionKey(group: string): string {
  return `lc0.rejected.${sha256(group).slice(0, 22)}`
}

/** Which group an answer belongs to: ids that say nothing. */
function groupKey(key: string, entryId: string): string {
  return `lc0.group.${sha256(`${key} ${entryId}`).slice(0, 22)}`
}

export const ANY = (): boolean => true
const ABSENT: Lookup = { kind: 'absent' }
const NOT_ASKED: Lookup = { kind: 'failed', reason: 'skipped' }
/** Nearest entries that a prompt is compared with. */
const NEIGHBOURS = 16
const REJECTED: number = Number.POSITIVE_INFINITY
/** How long a group is taken for not rejected without looking. */
const RECHECK_MS = 10_000
/** Longer than any entry lasts whose lifetime no hit prolongs. */
const REJECTION_MS = 90 * 24 * 60 * 60 * 1000
const OWN_INDEX_BYTES = 128 * 1024 * 1024
const MAX_NAMESPACES = 1000
const MAX_TERMS = 5000
