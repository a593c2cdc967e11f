/** The vector index inside the process. Synchronous, exact among few vectors, as good as exact among many. */

import { VectorError, VectorIndexError } from '../../errors.js'
import type { VectorIndex, VectorItem, VectorMatch, VectorQuery } from '../ports.js'
import { createArrival } from './arrival.js'
import { createSignatureBlocks, type SignatureBlocks } from './blocks.js'
import { openKernel } from './kernel.js'
import { type MemoryVectorIndexOptions, resolveMemoryOptions } from './memory-options.js'
import { type Item, Namespace, type Shared } from './namespace.js'
import { createSign, type Sign } from './rotation.js'
import { readSnapshot, type Snapshot, writeSnapshot } from './snapshot.js'
import { checkDimensions, toUnitVector } from './unit.js'

export interface MemoryVectorIndex extends VectorIndex {
  readonly synchronous: true
  add(namespace: string, items: readonly VectorItem[]): void
  search(namespace: string, vector: Float32Array, query: VectorQuery): readonly VectorMatch[]
  remove(namespace: string, ids: readonly string[]): void
  clear(prefix: string): void
  size(): number
  close(): void
  /** Everything it holds. Nothing is encrypted: whoever has the bytes has the vectors, and a vector tells a good deal of its text. */
  toBytes(): Uint8Array
  /**
   * Holds what `toBytes` gave, and nothing else any more; what has expired or does not fit any more is left out.
   * @throws VectorIndexError with the reason 'damaged' or 'version'; then it holds what it held before
   */
  fromBytes(bytes: Uint8Array): void
}

/**
 * Up to 256 vectors of a namespace are all compared. Among more, those whose 512-bit signature is near the query's are: whatever has a
 * cosine of 0.55 and more, as seen from the namespace's mean, is missed six times in a hundred thousand at the most, unless
 * hundreds of others lie nearer; `exact` compares all. What has expired is removed when it is found and, little by little, when others are added.
 *
 * @throws OptionError on wrong or unknown options
 *
 * @example
 * const index = createMemoryVectorIndex({ maxVectors: 50_000 })
 * index.add('lc1.p.n', [{ id: 'lc1.p.k', vector, deleteAt: Date.now() + 3_600_000 }])
 * index.search('lc1.p.n', vector, { k: 1, minSimilarity: 0.9 }) // [{ id: 'lc1.p.k', similarity: 1 }]
 */
export function createMemoryVectorIndex(options: MemoryVectorIndexOptions = {}): MemoryVectorIndex {
  const { maxVectors, maxBytes, webAssembly, onEvicted, clock } = resolveMemoryOptions(options)
  const namespaces = new Map<string, Namespace>()
  const arrival = createArrival()
  const signs = new Map<number, Sign>()
  let bytes = 0
  let blocks: SignatureBlocks | undefined
  let closed = false

  const shared: Shared = {
    blocks() {
      blocks ??= createSignatureBlocks(openKernel(webAssembly))
      return blocks
    },
    sign(dimensions) {
      const sign = signs.get(dimensions) ?? createSign(dimensions, shared.blocks())
      signs.set(dimensions, sign)
      return sign
    },
  }

  function open(name: string, dimensions: number): Namespace {
    const namespace = new Namespace(name, dimensions, shared)
    namespaces.set(name, namespace)
    bytes += namespaceBytes(name)
    return namespace
  }

  function drop(item: Item): void {
    const { home } = item
    home.remove(item)
    arrival.drop(item)
    bytes -= itemBytes(item)
    if (home.count > 0) return
    namespaces.delete(home.name)
    bytes -= namespaceBytes(home.name)
  }

  function put(home: Namespace, id: string, vector: Float32Array, deleteAt: number): void {
    const held = home.get(id)
    if (held) {
      bytes -= itemBytes(held)
      home.replace(held, vector, deleteAt)
    }
    const item = held ?? home.add(id, vector, deleteAt)
    bytes += itemBytes(item)
    arrival.push(item)
  }

  function makeRoom(): void {
    const now = clock.now()
    for (let item = arrival.oldest; item && (bytes > maxBytes || arrival.count > maxVectors); item = arrival.oldest) {
      drop(item)
      if (isLive(item, now)) tellEvicted(item)
    }
  }

  function tellEvicted({ id, home }: Item): void {
    try {
      onEvicted({ namespace: home.name, id })
    } catch {}
  }

  /** Removes the oldest ones that have expired, a few at a time. */
  function sweepOldest(count: number, now: number): void {
    for (let left = count, item = arrival.oldest; item && left > 0 && !isLive(item, now); left--, item = arrival.oldest) drop(item)
  }

  /** What all vectors must have before the first of them is added. */
  function checkAll(name: string, units: readonly Float32Array[], now: number): void {
    const [first] = units
    if (!first) return
    const held = namespaces.get(name)
    // Those that have expired do not count.
    if (held && held.dimensions !== first.length) sweep(held, now)
    const dimensions = namespaces.get(name)?.dimensions ?? first.length
    if (dimensions > MOST_DIMENSIONS) throw new VectorError('dimension', `A vector has more than ${MOST_DIMENSIONS} dimensions.`)
    for (const unit of units) checkDimensions(unit.length, dimensions)
  }

  function sweep(namespace: Namespace, now: number): void {
    for (let slot = namespace.count - 1; slot >= 0; slot--) {
      const item = namespace.at(slot)
      if (item && !isLive(item, now)) drop(item)
    }
  }

  function checkOpen(): void {
    if (closed) throw new VectorIndexError('closed', 'The vector index is closed.')
  }

  /** All that a snapshot holds, in place of everything. */
  function restore(snapshot: Snapshot): void {
    forget()
    const homes = snapshot.namespaces.map(({ name, dimensions, items, signatures }) => {
      const home = open(name, dimensions)
      for (const item of home.restore(items, signatures)) bytes += itemBytes(item)
      return home
    })
    for (const [home, slot] of snapshot.arrival) {
      const item = homes[home]?.at(slot)
      if (item) arrival.push(item)
    }
    for (const home of homes) sweep(home, clock.now())
    makeRoom()
  }

  function forget(): void {
    for (const namespace of namespaces.values()) namespace.close()
    namespaces.clear()
    arrival.clear()
    bytes = 0
  }

  return {
    name: 'memory',
    synchronous: true,
    add(name, items) {
      checkOpen()
      const now = clock.now()
      const units = items.map(({ vector }) => toUnitVector(vector))
      checkAll(name, units, now)
      sweepOldest(items.length * 2, now)
      for (const [at, { id, deleteAt }] of items.entries()) {
        const unit = units[at] as Float32Array
        const held = namespaces.get(name)?.get(id)
        // Not `<=`: what has no valid time must not live for ever.
        if (deleteAt > now) put(namespaces.get(name) ?? open(name, unit.length), id, unit, deleteAt)
        else if (held) drop(held)
        makeRoom()
      }
    },
    search(name, vector, query) {
      checkOpen()
      const unit = toUnitVector(vector)
      const now = clock.now()
      const gone: Item[] = []
      const find = (): readonly VectorMatch[] => namespaces.get(name)?.search(unit, query, now, (item) => gone.push(item)) ?? []
      const matches = find()
      for (const item of gone) drop(item)
      if (gone.length === 0 || matches.length === query.k) return matches
      // They may have taken the place of others.
      const namespace = namespaces.get(name)
      if (namespace) sweep(namespace, now)
      return find()
    },
    remove(name, ids) {
      checkOpen()
      for (const id of ids) {
        const item = namespaces.get(name)?.get(id)
        if (item) drop(item)
      }
    },
    clear(prefix) {
      checkOpen()
      for (const namespace of namespaces.values()) {
        if (!namespace.name.startsWith(prefix)) continue
        for (let item = namespace.at(namespace.count - 1); item; item = namespace.at(namespace.count - 1)) drop(item)
      }
    },
    size: () => arrival.count,
    toBytes() {
      checkOpen()
      return writeSnapshot(namespaces.values(), arrival)
    },
    fromBytes(given) {
      checkOpen()
      restore(readSnapshot(given))
    },
    close() {
      closed = true
      forget()
      signs.clear()
      blocks = undefined
    },
  }
}

function isLive({ deleteAt }: Item, now: number): boolean {
  return deleteAt > now
}

/** The vector, its signature, its id and what finds it. */
function itemBytes({ id, words }: Item): number {
  return 4 * words + 2 * id.length + 266
}

function namespaceBytes(name: string): number {
  return 2 * name.length + 600
}

const MOST_DIMENSIONS = 16_384
