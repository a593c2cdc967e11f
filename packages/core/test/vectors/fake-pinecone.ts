/** The part of Pinecone's data plane that the index uses, strictly. https://docs.pinecone.io/reference/api */

import { type Call, cosineOf, type FakeServer, Refusal, serveJson } from './http.js'

interface Stored {
  readonly id: string
  readonly values: readonly number[]
  readonly metadata: Readonly<Record<string, number>>
}

type Filter = Readonly<Record<string, { readonly $gt?: number; readonly $lte?: number }>>

export interface FakePinecone extends FakeServer {
  readonly namespaces: ReadonlyMap<string, ReadonlyMap<string, Stored>>
}

/** @param apiKey calls without it are refused */
export async function startFakePinecone(dimension: number, apiKey: string): Promise<FakePinecone> {
  const namespaces = new Map<string, Map<string, Stored>>()
  const stored = (name: string): Map<string, Stored> => {
    const found = namespaces.get(name)
    if (!found) throw new Refusal(404, { code: 5, message: 'Namespace not found', details: [] })
    return found
  }

  function answer({ method, path, query, headers, body }: Call): unknown {
    if (headers['api-key'] !== apiKey) throw new Refusal(401, { code: 16, message: 'Invalid API key', details: [] })
    if (!headers['x-pinecone-api-version']) throw bad('no version')
    if (method === 'GET' && path === '/namespaces') return list(query)
    if (method === 'DELETE' && path.startsWith('/namespaces/')) {
      stored(path.slice('/namespaces/'.length))
      namespaces.delete(path.slice('/namespaces/'.length))
      return {}
    }
    switch (`${method} ${path}`) {
      case 'POST /vectors/upsert':
        return upsert(body as { vectors: Stored[]; namespace: string })
      case 'POST /query':
        return search(body as Parameters<typeof search>[0])
      case 'POST /vectors/delete':
        return remove(body as { ids?: string[]; filter?: Filter; namespace: string })
      default:
        throw new Refusal(404, { code: 5, message: `no such call: ${method} ${path}`, details: [] })
    }
  }

  function checkDimension(values: readonly number[]): void {
    if (values.length !== dimension) throw bad(`Vector dimension ${values.length} does not match the dimension of the index ${dimension}`)
  }

  function upsert({ vectors, namespace }: { vectors: readonly Stored[]; namespace: string }): unknown {
    if (vectors.length > 1000) throw bad('too many')
    for (const { id, values } of vectors) {
      checkDimension(values)
      if (id.length > 512) throw bad('id')
    }
    const found = namespaces.get(namespace) ?? new Map<string, Stored>()
    namespaces.set(namespace, found)
    for (const vector of vectors) found.set(vector.id, vector)
    return { upsertedCount: vectors.length }
  }

  function search(asked: { vector: readonly number[]; topK: number; filter: Filter; namespace: string }): unknown {
    checkDimension(asked.vector)
    if (asked.topK < 1 || asked.topK > 10_000) throw bad('topK')
    const found = [...(namespaces.get(asked.namespace)?.values() ?? [])].filter(({ metadata }) => holds(asked.filter, metadata))
    const scored = found.map(({ id, values }) => ({ id, score: cosineOf(values, asked.vector), values: [] }))
    return { matches: scored.sort((a, b) => b.score - a.score).slice(0, asked.topK), namespace: asked.namespace, usage: { readUnits: 1 } }
  }

  function remove({ ids, filter, namespace }: { ids?: readonly string[]; filter?: Filter; namespace: string }): unknown {
    if (!ids === !filter || (ids && (ids.length < 1 || ids.length > 1000))) throw bad('either 1 to 1000 ids or a filter')
    const found = stored(namespace)
    for (const { id, metadata } of [...found.values()]) if (ids ? ids.includes(id) : holds(filter as Filter, metadata)) found.delete(id)
    return {}
  }

  /** Two a page: so that pages are turned. */
  function list(query: URLSearchParams): unknown {
    const all = [...namespaces.keys()].sort().filter((name) => name.startsWith(query.get('prefix') ?? ''))
    const from = Number(query.get('paginationToken') ?? 0)
    const page = all.slice(from, from + 2).map((name) => ({ name, record_count: `${namespaces.get(name)?.size}` }))
    return { namespaces: page, ...(from + 2 < all.length && { pagination: { next: `${from + 2}` } }) }
  }

  const server = await serveJson(answer)
  return { ...server, namespaces }
}

function holds(filter: Filter, metadata: Readonly<Record<string, number>>): boolean {
  return Object.entries(filter).every(([key, { $gt = Number.NEGATIVE_INFINITY, $lte = Number.POSITIVE_INFINITY }]) => {
    const value = metadata[key]
    return value !== undefined && value > $gt && value <= $lte
  })
}

function bad(message: string): Refusal {
  return new Refusal(400, { code: 3, message, details: [] })
}
