/**
 * The part of Weaviate that the index uses: its schema over REST, its objects over gRPC, with the messages that the official client is
 * made with. https://docs.weaviate.io/weaviate/api
 */

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createServer, ServerError, type ServiceImplementation, Status } from 'nice-grpc'
import { type Call, cosineOf, type FakeServer, Refusal, serveJson } from './http.js'

interface Stored {
  readonly uuid: string
  readonly vector: readonly number[]
  readonly properties: Readonly<Record<string, unknown>>
}

interface Class {
  readonly schema: {
    readonly class: string
    readonly properties: readonly { readonly name: string; readonly dataType: readonly string[] }[]
  }
  readonly objects: Map<string, Stored>
}

interface Filter {
  readonly operator: number
  readonly filters: readonly Filter[]
  readonly valueText?: string
  readonly valueInt?: number
  readonly valueTextArray?: { readonly values: readonly string[] }
  readonly target?: { readonly property?: string }
}

interface Vectors {
  readonly vector?: readonly number[]
  readonly vectorBytes?: Uint8Array
  readonly vectors?: readonly { readonly vectorBytes: Uint8Array }[]
}

export interface FakeWeaviate extends FakeServer {
  readonly grpcUrl: string
  readonly classes: ReadonlyMap<string, Class>
}

/** Operators of filters, as weaviate.v1.Filters.Operator numbers them. */
const OPERATORS = { equal: 1, greaterThan: 3, lessOrEqual: 6, and: 7, like: 10, containsAny: 12 } as const

/** @param apiKey calls without it are refused */
export async function startFakeWeaviate(apiKey?: string): Promise<FakeWeaviate> {
  const classes = new Map<string, Class>()

  function answer({ method, path, headers, body }: Call): unknown {
    if (apiKey !== undefined && headers.authorization !== `Bearer ${apiKey}`)
      throw new Refusal(401, { error: [{ message: 'anonymous access not enabled' }] })
    switch (`${method} ${path}`) {
      case 'GET /v1/meta':
        return { version: '1.33.0', hostname: 'fake', modules: {}, grpcMaxMessageSize: 104_858_000 }
      case 'GET /v1/schema':
        return { classes: [...classes.values()].map(({ schema }) => whole(schema)) }
      case 'POST /v1/schema':
        return create(body as Class['schema'] & { vectorizer: string; vectorIndexConfig: { distance: string } })
      default:
        throw new Refusal(404, {})
    }
  }

  function create(schema: Class['schema'] & { vectorizer: string; vectorIndexConfig: { distance: string } }): unknown {
    if (schema.vectorizer !== 'none' || schema.vectorIndexConfig.distance !== 'cosine') throw new Refusal(422, {})
    if (classes.has(schema.class)) throw new Refusal(422, { error: [{ message: `class name ${schema.class} already exists` }] })
    classes.set(schema.class, { schema, objects: new Map() })
    return whole(schema)
  }

  function classOf(name: string): Class {
    const found = classes.get(name)
    if (!found) throw new ServerError(Status.UNKNOWN, `could not find class ${name} in schema`)
    return found
  }

  const service = {
    async batchObjects({
      objects,
    }: {
      objects: readonly (Vectors & { uuid: string; collection: string; properties: { nonRefProperties: Stored['properties'] } })[]
    }) {
      for (const { uuid, collection, properties, ...vectors } of objects) {
        const { objects: held, schema } = classOf(collection)
        const names = schema.properties.map(({ name }) => name)
        if (Object.keys(properties.nonRefProperties).some((name) => !names.includes(name)))
          throw new ServerError(Status.UNKNOWN, 'no such property')
        held.set(uuid, { uuid, vector: vectorOf(vectors), properties: properties.nonRefProperties })
      }
      return { took: 0, errors: [] }
    },
    async batchDelete({ collection, filters }: { collection: string; filters: Filter }) {
      const { objects, schema } = classOf(collection)
      // As many as QUERY_MAXIMUM_RESULTS: few here, so that the index has to go on.
      const found = [...objects.values()].filter((object) => holds(schema, filters, object)).slice(0, 600)
      for (const { uuid } of found) objects.delete(uuid)
      return { took: 0, failed: 0, matches: found.length, successful: found.length, objects: [] }
    },
    async search({ collection, limit, filters, nearVector, properties }: SearchRequest) {
      const { objects, schema } = classOf(collection)
      const query = nearVector && vectorOf(nearVector)
      const found = [...objects.values()].filter((object) => !filters || holds(schema, filters, object))
      const scored = found.map((object) => ({ object, distance: query ? 1 - cosineOf(object.vector, query) : 0 }))
      const nearest = scored.sort((a, b) => a.distance - b.distance).slice(0, limit)
      return {
        took: 0,
        results: nearest.map(({ object, distance }) => ({
          metadata: { id: object.uuid, distance, distancePresent: true },
          properties: {
            nonRefProps: {
              fields: Object.fromEntries(properties.nonRefProperties.map((name) => [name, { textValue: `${object.properties[name]}` }])),
            },
          },
        })),
      }
    },
  }

  const { WeaviateDefinition, HealthDefinition } = await definitions()
  const grpc = createServer()
  const checked = Object.entries(service).map(([name, call]) => [
    name,
    async (request: never, context: { metadata: { get(key: string): string | undefined } }) => {
      if (apiKey !== undefined && context.metadata.get('authorization') !== `Bearer ${apiKey}`)
        throw new ServerError(Status.UNKNOWN, 'unauthenticated')
      return call(request)
    },
  ])
  const rest = Object.fromEntries(
    Object.keys(WeaviateDefinition.methods).map((name) => [
      name,
      async () => Promise.reject(new ServerError(Status.UNIMPLEMENTED, `no such call: ${name}`)),
    ]),
  )
  grpc.add(WeaviateDefinition as never, { ...rest, ...Object.fromEntries(checked) } as ServiceImplementation<never>)
  grpc.add(HealthDefinition as never, { check: async () => ({ status: 1 }), watch: async function* () {} } as ServiceImplementation<never>)
  const port = await grpc.listen('127.0.0.1:0')
  const http = await serveJson(answer)
  return {
    ...http,
    grpcUrl: `http://127.0.0.1:${port}`,
    classes,
    async close() {
      grpc.forceShutdown()
      await http.close()
    },
  }
}

interface SearchRequest {
  readonly collection: string
  readonly limit: number
  readonly filters?: Filter
  readonly nearVector?: Vectors
  readonly properties: { readonly nonRefProperties: readonly string[] }
}

interface Definitions {
  readonly WeaviateDefinition: { readonly methods: object }
  readonly HealthDefinition: object
}

async function definitions(): Promise<Definitions> {
  // Not among the package's exports.
  const folder = join(createRequire(import.meta.url).resolve('weaviate-client'), '../../esm/proto')
  const load = (path: string): Promise<Definitions> =>
    import(/* @vite-ignore */ pathToFileURL(join(folder, path)).href) as Promise<Definitions>
  return { ...(await load('v1/weaviate.js')), ...(await load('google/health/v1/health.js')) }
}

/** The client has put vectors in three places over the years. */
function vectorOf({ vector, vectorBytes, vectors }: Vectors): number[] {
  const bytes = vectorBytes?.length ? vectorBytes : vectors?.[0]?.vectorBytes
  if (!bytes?.length) return [...(vector ?? [])]
  return [...new Float32Array(new Uint8Array(bytes).buffer)]
}

function holds(schema: Class['schema'], filter: Filter, object: Stored): boolean {
  const { operator, filters, target, valueText, valueInt, valueTextArray } = filter
  if (operator === OPERATORS.and) return filters.every((part) => holds(schema, part, object))
  const name = target?.property ?? ''
  if (name === '_id' && operator === OPERATORS.containsAny) return valueTextArray?.values.includes(object.uuid) ?? false
  const type = schema.properties.find((property) => property.name === name)?.dataType[0]
  const value = object.properties[name]
  if (type === 'text' && operator === OPERATORS.equal && valueText !== undefined) return value === valueText
  // One star at the end is all that is asked for.
  if (type === 'text' && operator === OPERATORS.like && /^[^*?]*\*$/.test(valueText ?? ''))
    return `${value}`.startsWith((valueText ?? '').slice(0, -1))
  if (type === 'int' && operator === OPERATORS.greaterThan && valueInt !== undefined) return Number(value) > valueInt
  if (type === 'int' && operator === OPERATORS.lessOrEqual && valueInt !== undefined) return Number(value) <= valueInt
  throw new ServerError(Status.UNKNOWN, `invalid filter on ${name}`)
}

function whole(schema: Class['schema'] & { readonly vectorIndexConfig?: object }): object {
  return { ...DEFAULTS, ...schema, vectorIndexConfig: { ...HNSW, ...schema.vectorIndexConfig } }
}

/** What Weaviate adds to a class. */
const DEFAULTS = {
  invertedIndexConfig: {
    bm25: { b: 0.75, k1: 1.2 },
    cleanupIntervalSeconds: 60,
    stopwords: { additions: null, preset: 'en', removals: null },
    usingBlockMaxWAND: true,
  },
  moduleConfig: {},
  multiTenancyConfig: { autoTenantActivation: false, autoTenantCreation: false, enabled: false },
  replicationConfig: { asyncEnabled: false, deletionStrategy: 'NoAutomatedResolution', factor: 1 },
  shardingConfig: {
    actualCount: 1,
    actualVirtualCount: 128,
    desiredCount: 1,
    desiredVirtualCount: 128,
    function: 'murmur3',
    key: '_id',
    strategy: 'hash',
    virtualPerPhysical: 128,
  },
  vectorIndexType: 'hnsw',
  vectorizer: 'none',
}

const HNSW = {
  bq: { enabled: false },
  cleanupIntervalSeconds: 300,
  dynamicEfFactor: 8,
  dynamicEfMax: 500,
  dynamicEfMin: 100,
  ef: -1,
  efConstruction: 128,
  filterStrategy: 'acorn',
  flatSearchCutoff: 40_000,
  maxConnections: 32,
  pq: {
    bitCompression: false,
    centroids: 256,
    enabled: false,
    encoder: { distribution: 'log-normal', type: 'kmeans' },
    segments: 0,
    trainingLimit: 100_000,
  },
  skip: false,
  sq: { enabled: false, rescoreLimit: 20, trainingLimit: 100_000 },
  vectorCacheMaxObjects: 1_000_000_000_000,
}
