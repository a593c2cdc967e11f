/** `@llm-cache/core/qdrant`: a vector index in Qdrant. */

import { checkNames, wrongValue } from '../checks.js'
import { VectorError, VectorIndexError } from '../errors.js'
import type { VectorIndex, VectorItem } from '../semantic/ports.js'
import { toUnitVector } from '../semantic/vectors/unit.js'
import { addAll } from './adding.js'
import { clamped, finiteTime, pieces } from './batch.js'
import { createCalls } from './calls.js'
import { createDimensionsMemo } from './dimensions.js'
import { checkName, checkOneOf, loadPeer, resolveServerOptions, type ServerIndexOptions } from './options.js'
import { uuidOf } from './uuid.js'

/** The part of a `QdrantClient` of the package `@qdrant/js-client-rest` that is used. */
export interface QdrantIndexClient {
  getCollections(): Promise<{ readonly collections: readonly { readonly name: string }[] }>
  createCollection(name: string, settings: object): Promise<unknown>
  createPayloadIndex(name: string, field: object): Promise<unknown>
  upsert(name: string, points: object): Promise<unknown>
  query(name: string, query: object): Promise<{ readonly points: readonly QdrantPoint[] }>
  delete(name: string, points: object): Promise<unknown>
  count(name: string, filter: object): Promise<{ readonly count: number }>
  facet(name: string, facet: object): Promise<{ readonly hits: readonly { readonly value: unknown }[] }>
}

export interface QdrantPoint {
  readonly score: number
  readonly payload?: Readonly<Record<string, unknown>> | null | undefined
}

export interface QdrantVectorIndexOptions extends ServerIndexOptions {
  /** A `QdrantClient` of the package `@qdrant/js-client-rest`. Either this or `url`. */
  readonly client?: QdrantIndexClient | undefined
  /** Where Qdrant is. */
  readonly url?: string | undefined
  /** For `url`. */
  readonly apiKey?: string | undefined
  /** Begins the names of collections, `<collection>_<dimensions>`; they are made when needed. @default 'llm_cache_vectors' */
  readonly collection?: string | undefined
}

/**
 * A collection for each number of dimensions; namespaces are told apart by a payload field that is indexed for tenants. Points that have
 * expired are not found, and are removed once a minute when others are added. Needs Qdrant 1.12 or later.
 *
 * @throws OptionError on wrong or unknown options. Calls reject with a PeerMissingError where the client is to be loaded and is not installed
 *
 * @example
 * const index = createQdrantVectorIndex({ url: 'http://localhost:6333' })
 */
export function createQdrantVectorIndex(options: QdrantVectorIndexOptions): VectorIndex {
  checkOneOf(options, ['client', 'url'])
  checkNames(options, ['client', 'url', 'apiKey', 'collection', 'timeoutMs', 'clock'])
  const { client: given, url, apiKey, collection = 'llm_cache_vectors' } = options
  if (given !== undefined && typeof given?.facet !== 'function')
    throw wrongValue('client', given, 'a QdrantClient of @qdrant/js-client-rest 1.12 and later')
  if (given === undefined && (typeof url !== 'string' || !URL.canParse(url))) throw wrongValue('url', url, 'a URL')
  if (apiKey !== undefined && (typeof apiKey !== 'string' || given)) throw wrongValue('apiKey', typeof apiKey, 'text, and is for url alone')
  checkName('collection', collection)
  const { timeoutMs, clock } = resolveServerOptions(options)
  const calls = createCalls({ clock, timeoutMs, server: 'Qdrant', translate })
  const memo = createDimensionsMemo()
  const made = new Set<string>()
  let loaded: Promise<QdrantIndexClient> | undefined
  let sweepAt = 0

  const nameOf = (dimensions: number): string => `${collection}_${dimensions}`

  async function client(): Promise<QdrantIndexClient> {
    if (given) return given
    loaded ??= loadPeer('@qdrant/js-client-rest', async () => {
      const { QdrantClient } = await import('@qdrant/js-client-rest')
      return new QdrantClient({ url: url as string, ...(apiKey !== undefined && { apiKey }), checkCompatibility: false })
    })
    return loaded
  }

  /** Names of the collections that are there, of whatever dimensions. */
  async function collections(): Promise<string[]> {
    const { collections: all } = await (await client()).getCollections()
    const ours = new RegExp(`^${collection}_\\d+$`)
    return all.map(({ name }) => name).filter((name) => ours.test(name))
  }

  async function make(dimensions: number): Promise<void> {
    const name = nameOf(dimensions)
    if (made.has(name)) return
    const qdrant = await client()
    await unless(409, qdrant.createCollection(name, { vectors: { size: dimensions, distance: 'Cosine' } }))
    for (const field of FIELDS) await qdrant.createPayloadIndex(name, { ...field, wait: true })
    made.add(name)
  }

  /** @throws VectorError where another collection has vectors of the namespace */
  async function checkNamespace(namespace: string, dimensions: number, now: number): Promise<void> {
    if (memo.get(namespace) === dimensions) return
    for (const name of await collections()) {
      if (name === nameOf(dimensions)) continue
      const found = await (await client()).count(name, { filter: live(namespace, now), exact: true })
      if (found.count > 0) throw new VectorError('dimension', 'The vectors of the namespace have other dimensions.')
    }
    memo.set(namespace, dimensions)
  }

  async function upsert(namespace: string, dimensions: number, items: readonly VectorItem[]): Promise<void> {
    const points = items.map(({ id, vector, deleteAt }) => ({
      id: uuidOf(namespace, id),
      vector: Array.from(vector),
      payload: { namespace, partition: partitionOf(namespace), id, delete_at: finiteTime(deleteAt) },
    }))
    await (await client()).upsert(nameOf(dimensions), { points, wait: true })
  }

  async function sweep(now: number): Promise<void> {
    if (now < sweepAt) return
    sweepAt = now + SWEEP_MS
    for (const name of await collections()) {
      await (await client()).delete(name, { filter: { must: [{ key: 'delete_at', range: { lte: now } }] }, wait: false })
    }
  }

  async function remove(namespace: string, ids: readonly string[]): Promise<void> {
    const dimensions = memo.get(namespace)
    for (const some of pieces(ids, REMOVED_AT_ONCE)) {
      await calls.run(async () => {
        const points = some.map((id) => uuidOf(namespace, id))
        const names = dimensions === undefined ? await collections() : [nameOf(dimensions)]
        for (const name of names) await unless(404, (await client()).delete(name, { points, wait: true }))
      })
    }
  }

  async function clearCollection(name: string, prefix: string): Promise<void> {
    const qdrant = await client()
    if (prefix === '') return void (await qdrant.delete(name, { filter: { must: [{ key: 'delete_at', range: { gt: 0 } }] }, wait: true }))
    const partition = partitionOf(prefix)
    const filter = partition === '' ? {} : { filter: { must: [{ key: 'partition', match: { value: partition } }] } }
    const { hits } = await qdrant.facet(name, { key: 'namespace', limit: MOST_NAMESPACES, exact: true, ...filter })
    const found = hits.map(({ value }) => String(value)).filter((namespace) => namespace.startsWith(prefix))
    for (const some of pieces(found, REMOVED_AT_ONCE)) {
      await qdrant.delete(name, { filter: { must: [{ key: 'namespace', match: { any: some } }] }, wait: true })
    }
  }

  return {
    name: 'qdrant',
    shared: true,
    add: (namespace, items) =>
      addAll({ namespace, items, clock, calls, size: ADDED_AT_ONCE, make, checkNamespace, insert: upsert, remove, sweep }),
    async search(namespace, vector, { k, minSimilarity = -1, exact = false }) {
      const unit = toUnitVector(vector)
      const query = { query: Array.from(unit), filter: live(namespace, clock.now()), limit: k, params: { exact }, with_payload: ['id'] }
      const found = await calls.run(async () => unless(404, (await client()).query(nameOf(unit.length), query)))
      return (found?.points ?? [])
        .map(({ payload, score }) => ({ id: String(payload?.id), similarity: clamped(score) }))
        .filter(({ similarity }) => similarity >= minSimilarity)
    },
    remove,
    async clear(prefix) {
      await calls.run(async () => {
        for (const name of await collections()) await clearCollection(name, prefix)
      })
      memo.clear()
    },
    size: () => undefined,
    close: () => calls.close(() => undefined),
  }
}

function live(namespace: string, now: number): object {
  return {
    must: [
      { key: 'namespace', match: { value: namespace } },
      { key: 'delete_at', range: { gt: now } },
    ],
  }
}

/** 'lc1.t.' of 'lc1.t.n'; '' where there are not so many dots. */
function partitionOf(name: string): string {
  return /^[^.]*\.[^.]*\./.exec(name)?.[0] ?? ''
}

/** What `work` gives; undefined where the server answers with this status. */
async function unless<T>(status: number, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (statusOf(error) === status) return undefined
    throw error
  }
}

function statusOf(error: unknown): unknown {
  return (error as { readonly status?: unknown } | undefined)?.status
}

function translate(error: unknown): Error | undefined {
  if (statusOf(error) === 404)
    return new VectorIndexError('unsupported', 'Qdrant does not know this call: version 1.12 or later is needed.', { cause: error })
  return undefined
}

const FIELDS: readonly object[] = [
  { field_name: 'namespace', field_schema: { type: 'keyword', is_tenant: true } },
  { field_name: 'partition', field_schema: { type: 'keyword' } },
  { field_name: 'delete_at', field_schema: { type: 'float' } },
]
const ADDED_AT_ONCE = 200
const REMOVED_AT_ONCE = 500
const MOST_NAMESPACES = 1_000_000
const SWEEP_MS = 60_000
