/** `@llm-cache/core/weaviate`: a vector index in Weaviate. */

import { checkNames, wrongValue } from '../checks.js'
import { VectorError, VectorIndexError } from '../errors.js'
import type { VectorIndex, VectorItem } from '../semantic/ports.js'
import { toUnitVector } from '../semantic/vectors/unit.js'
import { addAll } from './adding.js'
import { clamped, finiteTime, pieces } from './batch.js'
import { createCalls } from './calls.js'
import { createDimensionsMemo } from './dimensions.js'
import { checkOneOf, loadPeer, resolveServerOptions, type ServerIndexOptions } from './options.js'
import { uuidOf } from './uuid.js'
import type { WeaviateCollection, WeaviateIndexClient, WeaviateModule } from './weaviate-client.js'

export type { WeaviateCollection, WeaviateIndexClient }

export interface WeaviateVectorIndexOptions extends ServerIndexOptions {
  /** A connected client of the package `weaviate-client` 3; it stays yours. Either this or `url`. */
  readonly client?: WeaviateIndexClient | undefined
  /** Where Weaviate's REST API is. */
  readonly url?: string | undefined
  /** For `url`: where its gRPC API is. @default port 50051 of the same host */
  readonly grpcUrl?: string | undefined
  /** For `url`. */
  readonly apiKey?: string | undefined
  /** Begins the names of collections, `<collection>_<dimensions>`; they are made when needed. A capital first. @default 'LlmCacheVectors' */
  readonly collection?: string | undefined
}

/**
 * A collection for each number of dimensions; namespaces are told apart by a property. Among the vectors that a filter leaves Weaviate compares
 * all, up to its `flatSearchCutoff` (40,000); `exact` makes no difference. Objects that have expired are not found, and are removed once
 * a minute when others are added.
 *
 * @throws OptionError on wrong or unknown options. Calls reject with a PeerMissingError where `weaviate-client` is not installed
 *
 * @example
 * const index = createWeaviateVectorIndex({ client: await weaviate.connectToLocal() })
 */
export function createWeaviateVectorIndex(options: WeaviateVectorIndexOptions): VectorIndex {
  checkOneOf(options, ['client', 'url'])
  checkNames(options, ['client', 'url', 'grpcUrl', 'apiKey', 'collection', 'timeoutMs', 'clock'])
  const { client: given, collection = 'LlmCacheVectors' } = options
  if (given !== undefined && typeof given?.collections?.createFromSchema !== 'function')
    throw wrongValue('client', given, 'a client of weaviate-client 3')
  checkConnection(options)
  if (typeof collection !== 'string' || !NAME.test(collection))
    throw wrongValue('collection', collection, 'up to 64 letters, digits and _, a capital first')
  const { timeoutMs, clock } = resolveServerOptions(options)
  const calls = createCalls({ clock, timeoutMs, server: 'Weaviate' })
  const memo = createDimensionsMemo()
  const made = new Set<string>()
  let opened: Promise<Weaviate> | undefined
  let sweepAt = 0

  const nameOf = (dimensions: number): string => `${collection}_${dimensions}`

  async function weaviate(): Promise<Weaviate> {
    opened ??= open(options)
    try {
      return await opened
    } catch (error) {
      // The next call tries again.
      opened = undefined
      throw error
    }
  }

  /** Names of the collections that are there, of whatever dimensions. */
  async function collections(): Promise<string[]> {
    const all = await (await weaviate()).client.collections.listAll()
    const ours = new RegExp(`^${collection}_\\d+$`)
    return all.map(({ name }) => name).filter((name) => ours.test(name))
  }

  async function make(dimensions: number): Promise<void> {
    const name = nameOf(dimensions)
    if (made.has(name)) return
    await unless(/already exists/i, (await weaviate()).client.collections.createFromSchema({ class: name, ...SCHEMA }))
    made.add(name)
  }

  /** @throws VectorError where another collection has vectors of the namespace */
  async function checkNamespace(namespace: string, dimensions: number, now: number): Promise<void> {
    if (memo.get(namespace) === dimensions) return
    const { use, live } = await weaviate()
    for (const name of await collections()) {
      if (name === nameOf(dimensions)) continue
      const { objects } = await use(name).query.fetchObjects({ filters: live(namespace, now), limit: 1, returnProperties: ['key'] })
      if (objects.length > 0) throw new VectorError('dimension', 'The vectors of the namespace have other dimensions.')
    }
    memo.set(namespace, dimensions)
  }

  async function insert(namespace: string, dimensions: number, items: readonly VectorItem[]): Promise<void> {
    const objects = items.map(({ id, vector, deleteAt }) => ({
      id: uuidOf(namespace, id),
      vectors: Array.from(vector),
      properties: { namespace, key: id, deleteAt: Math.ceil(finiteTime(deleteAt)) },
    }))
    const { hasErrors, errors } = await (await weaviate()).use(nameOf(dimensions)).data.insertMany(objects)
    if (!hasErrors) return
    const [first] = Object.values(errors)
    throw new VectorIndexError('failed', 'Weaviate did not take all vectors.', { cause: first?.message })
  }

  async function sweep(now: number): Promise<void> {
    if (now < sweepAt) return
    sweepAt = now + SWEEP_MS
    const { use, expired } = await weaviate()
    for (const name of await collections()) await use(name).data.deleteMany(expired(now))
  }

  async function remove(namespace: string, ids: readonly string[]): Promise<void> {
    const dimensions = memo.get(namespace)
    for (const some of pieces(ids, REMOVED_AT_ONCE)) {
      await calls.run(async () => {
        const { use } = await weaviate()
        const uuids = some.map((id) => uuidOf(namespace, id))
        for (const name of dimensions === undefined ? await collections() : [nameOf(dimensions)]) {
          const objects = use(name)
          await unless(MISSING, objects.data.deleteMany(objects.filter.byId().containsAny(uuids)))
        }
      })
    }
  }

  async function clear(prefix: string): Promise<void> {
    // Weaviate's own wildcards; no namespace has any.
    if (/[*?\\]/.test(prefix)) return
    const { use } = await weaviate()
    for (const name of await collections()) {
      const objects = use(name)
      const beginning = objects.filter.byProperty('namespace').like(`${prefix}*`)
      // At most QUERY_MAXIMUM_RESULTS (10,000) go at once.
      while ((await objects.data.deleteMany(beginning)).successful > 0);
    }
    memo.clear()
  }

  return {
    name: 'weaviate',
    shared: true,
    add: (namespace, items) => addAll({ namespace, items, clock, calls, size: ADDED_AT_ONCE, make, checkNamespace, insert, remove, sweep }),
    async search(namespace, vector, { k, minSimilarity = -1 }) {
      const unit = Array.from(toUnitVector(vector))
      const found = await calls.run(async () => {
        const { use, live } = await weaviate()
        const query = {
          limit: k,
          filters: live(namespace, clock.now()),
          returnMetadata: ['distance' as const],
          returnProperties: ['key' as const],
        }
        return unless(MISSING, use(nameOf(unit.length)).query.nearVector(unit, query))
      })
      return (found?.objects ?? [])
        .map(({ properties, metadata }) => ({ id: String(properties.key), similarity: clamped(1 - (metadata?.distance ?? 2)) }))
        .filter(({ similarity }) => similarity >= minSimilarity)
    },
    remove,
    clear: (prefix) => calls.run(() => clear(prefix)),
    size: () => undefined,
    close: () => calls.close(async () => (given ? undefined : (await opened?.catch(() => undefined))?.client.close())),
  }
}

interface Weaviate {
  readonly client: WeaviateIndexClient
  use(name: string): WeaviateCollection
  /** What of a namespace has not expired. */
  live(namespace: string, now: number): unknown
  expired(now: number): unknown
}

async function open({ client: given, url, grpcUrl, apiKey }: WeaviateVectorIndexOptions): Promise<Weaviate> {
  const { default: weaviate, Filters } = await loadPeer('weaviate-client', loadWeaviate)
  const client = given ?? (await weaviate.connectToCustom(connection(url as string, grpcUrl, apiKey && new weaviate.ApiKey(apiKey))))
  const use = (name: string): WeaviateCollection => client.collections.get(name)
  // Any collection's will do.
  const by = use('Any').filter
  return {
    client,
    use,
    live: (namespace, now) =>
      Filters.and(by.byProperty('namespace').equal(namespace), by.byProperty('deleteAt').greaterThan(Math.floor(now))),
    expired: (now) => by.byProperty('deleteAt').lessOrEqual(Math.floor(now)),
  }
}

/** The package's own types bring those of browsers with them, which are not core's: tsconfig.json has others take their place. */
async function loadWeaviate(): Promise<WeaviateModule> {
  return (await import('weaviate-client')) as unknown as WeaviateModule
}

function connection<T>(url: string, grpcUrl: string | undefined, authCredentials: T | '' | undefined): object {
  const http = new URL(url)
  const grpc = new URL(grpcUrl ?? `${http.protocol}//${http.hostname}:50051`)
  const portOf = ({ port, protocol }: URL): number => Number(port) || (protocol === 'https:' ? 443 : 80)
  return {
    httpHost: http.hostname,
    httpPort: portOf(http),
    httpSecure: http.protocol === 'https:',
    grpcHost: grpc.hostname,
    grpcPort: portOf(grpc),
    grpcSecure: grpc.protocol === 'https:',
    ...(authCredentials && { authCredentials }),
  }
}

/** @throws OptionError */
function checkConnection({ client, url, grpcUrl, apiKey }: WeaviateVectorIndexOptions): void {
  if (client === undefined && (typeof url !== 'string' || !URL.canParse(url))) throw wrongValue('url', url, 'a URL')
  if (grpcUrl !== undefined && (client || typeof grpcUrl !== 'string' || !URL.canParse(grpcUrl)))
    throw wrongValue('grpcUrl', grpcUrl, 'a URL, and is for url alone')
  // Never shown: it is a secret.
  if (apiKey !== undefined && (client || typeof apiKey !== 'string' || apiKey === ''))
    throw wrongValue('apiKey', typeof apiKey, 'text, and is for url alone')
}

/** What `work` gives; undefined where it fails with such a message. */
async function unless<T>(message: RegExp, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Error && message.test(error.message)) return undefined
    throw error
  }
}

const SCHEMA: { vectorizer: string; vectorIndexType: string; vectorIndexConfig: object; properties: object[] } = {
  vectorizer: 'none',
  vectorIndexType: 'hnsw',
  vectorIndexConfig: { distance: 'cosine' },
  properties: [
    { name: 'namespace', dataType: ['text'], tokenization: 'field', indexFilterable: true, indexSearchable: false },
    { name: 'key', dataType: ['text'], tokenization: 'field', indexFilterable: false, indexSearchable: false },
    { name: 'deleteAt', dataType: ['int'], indexFilterable: true, indexRangeFilters: true },
  ],
}
const NAME = /^[A-Z][A-Za-z0-9_]{0,63}$/
const MISSING = /could not find class|class .* not found|not found in schema/i
const ADDED_AT_ONCE = 200
const REMOVED_AT_ONCE = 500
const SWEEP_MS = 60_000
