/** The part of Qdrant's REST API that the index uses, strictly: what the real one refuses is refused. https://api.qdrant.tech */

import { type Call, cosineOf, type FakeServer, Refusal, serveJson } from './http.js'

interface Point {
  readonly id: string
  readonly vector: readonly number[]
  readonly payload: Readonly<Record<string, unknown>>
}

interface Collection {
  readonly size: number
  readonly fields: Map<string, string>
  readonly points: Map<string, Point>
}

interface Condition {
  readonly key: string
  readonly match?: { readonly value?: unknown; readonly any?: readonly unknown[] }
  readonly range?: { readonly gt?: number; readonly lte?: number }
}

interface Filter {
  readonly must: readonly Condition[]
}

export interface FakeQdrant extends FakeServer {
  readonly collections: ReadonlyMap<string, Collection>
}

/** @param apiKey calls without it are refused */
export async function startFakeQdrant({ apiKey, hasFacets = true }: { apiKey?: string; hasFacets?: boolean } = {}): Promise<FakeQdrant> {
  const collections = new Map<string, Collection>()

  function answer({ method, path, query, headers, body }: Call): unknown {
    if (apiKey !== undefined && headers['api-key'] !== apiKey) throw new Refusal(401, { status: { error: 'Unauthorized' } })
    const [, , name = '', ...rest] = path.split('/')
    const call = `${method} ${rest.join('/')}`
    if (method === 'GET' && path === '/collections') return ok({ collections: [...collections.keys()].map((key) => ({ name: key })) })
    if (call === 'PUT ') return create(name, body as { vectors: { size: number; distance: string } })
    const collection = collections.get(name)
    if (!collection) throw new Refusal(404, { status: { error: `Not found: Collection \`${name}\` doesn't exist!` } })
    switch (call) {
      case 'PUT index':
        return createIndex(collection, body as { field_name: string; field_schema: { type: string } })
      case 'PUT points':
        requireWait(query)
        return upsert(collection, (body as { points: Point[] }).points)
      case 'POST points/query':
        return search(collection, body as Parameters<typeof search>[1])
      case 'POST points/delete':
        return remove(collection, body as { points?: string[]; filter?: Filter })
      case 'POST points/count':
        return ok({ count: filtered(collection, (body as { filter: Filter }).filter).length })
      case 'POST facet':
        if (!hasFacets) throw new Refusal(404, {})
        return facet(collection, body as { key: string; limit: number; filter?: Filter })
      default:
        throw new Refusal(404, { status: { error: `no such call: ${method} ${path}` } })
    }
  }

  function create(name: string, { vectors }: { vectors: { size: number; distance: string } }): unknown {
    if (vectors.distance !== 'Cosine' || !(vectors.size >= 1)) throw new Refusal(422, { status: { error: 'vectors' } })
    if (collections.has(name)) throw new Refusal(409, { status: { error: `Wrong input: Collection \`${name}\` already exists!` } })
    collections.set(name, { size: vectors.size, fields: new Map(), points: new Map() })
    return ok(true)
  }

  const server = await serveJson(answer)
  return { ...server, collections }
}

function createIndex({ fields }: Collection, body: { field_name: string; field_schema: { type: string } }): unknown {
  fields.set(body.field_name, body.field_schema.type)
  return ok({ operation_id: 0, status: 'completed' })
}

function upsert({ size, points }: Collection, given: readonly Point[]): unknown {
  for (const point of given) {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(point.id)) throw bad(`Unable to parse UUID: ${point.id}`)
    if (point.vector.length !== size) throw bad(`Wrong input: Vector dimension error: expected dim: ${size}, got ${point.vector.length}`)
    points.set(point.id, point)
  }
  return ok({ operation_id: 0, status: 'completed' })
}

function search(
  collection: Collection,
  query: { query: readonly number[]; filter: Filter; limit: number; params: { exact: boolean }; with_payload: readonly string[] },
): unknown {
  if (query.query.length !== collection.size) throw bad('Wrong input: Vector dimension error')
  if (typeof query.params.exact !== 'boolean') throw bad('params.exact')
  const found = filtered(collection, query.filter).map((point) => ({ point, score: cosineOf(point.vector, query.query) }))
  const nearest = found.sort((a, b) => b.score - a.score).slice(0, query.limit)
  const payload = (point: Point): object => Object.fromEntries(query.with_payload.map((key) => [key, point.payload[key]]))
  return ok({ points: nearest.map(({ point, score }) => ({ id: point.id, version: 0, score, payload: payload(point) })) })
}

function remove(collection: Collection, { points, filter }: { points?: readonly string[]; filter?: Filter }): unknown {
  if (!points === !filter) throw bad('either points or filter')
  const ids = points ?? filtered(collection, filter as Filter).map(({ id }) => id)
  for (const id of ids) collection.points.delete(id)
  return ok({ operation_id: 0, status: 'completed' })
}

function facet(collection: Collection, { key, limit, filter }: { key: string; limit: number; filter?: Filter }): unknown {
  if (collection.fields.get(key) !== 'keyword') throw bad(`No appropriate index for faceting: \`${key}\``)
  const counts = new Map<unknown, number>()
  for (const { payload } of filtered(collection, filter ?? { must: [] })) counts.set(payload[key], (counts.get(payload[key]) ?? 0) + 1)
  return ok({ hits: [...counts].slice(0, limit).map(([value, count]) => ({ value, count })) })
}

function filtered({ fields, points }: Collection, { must }: Filter): Point[] {
  for (const { key } of must) if (!fields.has(key)) throw bad(`Index required but not found for "${key}"`)
  return [...points.values()].filter(({ payload }) => must.every((condition) => holds(condition, payload[condition.key])))
}

function holds({ match, range }: Condition, value: unknown): boolean {
  if (match) return 'any' in match ? (match.any ?? []).includes(value) : value === match.value
  const { gt = Number.NEGATIVE_INFINITY, lte = Number.POSITIVE_INFINITY } = range ?? {}
  return typeof value === 'number' && value > gt && value <= lte
}

function requireWait(query: URLSearchParams): void {
  if (query.get('wait') !== 'true') throw bad('a search right after this would not find it')
}

function ok(result: unknown): unknown {
  return { result, status: 'ok', time: 0.001 }
}

function bad(error: string): Refusal {
  return new Refusal(400, { status: { error } })
}
