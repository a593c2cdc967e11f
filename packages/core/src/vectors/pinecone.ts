/** `@llm-cache/core/pinecone`: a vector index in Pinecone. */

import { LRUCache } from 'lru-cache'
import { checkNames, wrongValue } from '../checks.js'
import { VectorError } from '../errors.js'
import { atMost } from '../lib/at-most.js'
import type { VectorIndex } from '../semantic/ports.js'
import { toUnitVector } from '../semantic/vectors/unit.js'
import { clamped, createBatch, finiteTime, pieces } from './batch.js'
import { createCalls } from './calls.js'
import { checkOneOf, loadPeer, resolveServerOptions, type ServerIndexOptions } from './options.js'

/** The part of an `Index` of the package `@pinecone-database/pinecone` 7 and later that is used. */
export interface PineconeIndexClient {
  upsert(options: { records: { id: string; values: number[]; metadata: { deleteAt: number } }[]; namespace: string }): Promise<unknown>
  query(options: {
    vector: number[]
    topK: number
    filter: object
    namespace: string
  }): Promise<{ readonly matches: readonly PineconeMatch[] }>
  deleteMany(options: { ids?: string[]; filter?: object; namespace: string }): Promise<unknown>
  listNamespaces(options: { prefix: string; limit: number; paginationToken?: string }): Promise<PineconeNamespaces>
  deleteNamespace(namespace: string): Promise<unknown>
}

export interface PineconeMatch {
  readonly id: string
  readonly score?: number
}

export interface PineconeNamespaces {
  readonly namespaces?: readonly { readonly name?: string }[]
  readonly pagination?: { readonly next?: string }
}

export interface PineconeVectorIndexOptions extends ServerIndexOptions {
  /** An `Index` of the package `@pinecone-database/pinecone`, with the metric cosine. Either this or `apiKey`. */
  readonly index?: PineconeIndexClient | undefined
  readonly apiKey?: string | undefined
  /** For `apiKey`: the index's host, as its page shows it; a URL that begins with `https://`. */
  readonly host?: string | undefined
  /** Begins the names of all namespaces in Pinecone: letters, digits, `_`, `-`, `.` and `:`. @default 'llm-cache:' */
  readonly prefix?: string | undefined
}

/**
 * One index, made beforehand with the metric cosine and the embedder's dimensions; namespaces are Pinecone's own. What was just added
 * is found some seconds later: Pinecone is eventually consistent. Records that have expired are not found, and are removed once a
 * minute when others are added to their namespace. `exact` makes no difference.
 *
 * @throws OptionError on wrong or unknown options. Calls reject with a PeerMissingError where the client is to be loaded and is not installed
 *
 * @example
 * const index = createPineconeVectorIndex({ index: new Pinecone({ apiKey }).index({ host }) })
 */
export function createPineconeVectorIndex(options: PineconeVectorIndexOptions): VectorIndex {
  checkOneOf(options, ['index', 'apiKey'])
  checkNames(options, ['index', 'apiKey', 'host', 'prefix', 'timeoutMs', 'clock'])
  const { index: given, apiKey, host, prefix = 'llm-cache:' } = options
  if (given !== undefined && typeof given?.listNamespaces !== 'function')
    throw wrongValue('index', given, 'an Index of @pinecone-database/pinecone 7 and later')
  // Never shown: it is a secret.
  if (given === undefined && (typeof apiKey !== 'string' || apiKey === '')) throw wrongValue('apiKey', typeof apiKey, 'text')
  if (given === undefined ? typeof host !== 'string' || !URL.canParse(host) : host !== undefined)
    throw wrongValue('host', host, 'a URL, and is for apiKey alone')
  if (typeof prefix !== 'string' || !PREFIX.test(prefix)) throw wrongValue('prefix', prefix, '1 to 64 letters, digits, _, -, . and :')
  const { timeoutMs, clock } = resolveServerOptions(options)
  const calls = createCalls({ clock, timeoutMs, server: 'Pinecone', translate })
  /** When a namespace is swept next. */
  const sweeps = new LRUCache<string, number>(atMost(MOST_SWEPT))
  let loaded: Promise<PineconeIndexClient> | undefined

  async function client(): Promise<PineconeIndexClient> {
    if (given) return given
    loaded ??= loadPeer('@pinecone-database/pinecone', async () => {
      const { Pinecone } = await import('@pinecone-database/pinecone')
      return new Pinecone({ apiKey: apiKey as string }).index({ host: host as string })
    })
    return loaded
  }

  async function sweep(namespace: string, now: number): Promise<void> {
    if (now < (sweeps.get(namespace) ?? 0)) return
    const isKnown = sweeps.has(namespace)
    sweeps.set(namespace, now + SWEEP_MS)
    if (isKnown) await unlessMissing((await client()).deleteMany({ filter: { deleteAt: { $lte: now } }, namespace }))
  }

  async function remove(name: string, ids: readonly string[]): Promise<void> {
    const namespace = prefix + name
    for (const some of pieces(ids, REMOVED_AT_ONCE)) {
      await calls.run(async () => unlessMissing((await client()).deleteMany({ ids: [...some], namespace })))
    }
  }

  async function clear(beginning: string): Promise<void> {
    const pinecone = await client()
    const found: string[] = []
    let paginationToken: string | undefined
    do {
      const page = await pinecone.listNamespaces({
        prefix: prefix + beginning,
        limit: PAGE,
        ...(paginationToken !== undefined && { paginationToken }),
      })
      for (const { name } of page.namespaces ?? []) if (name?.startsWith(prefix + beginning)) found.push(name)
      paginationToken = page.pagination?.next
    } while (paginationToken)
    for (const name of found) await unlessMissing(pinecone.deleteNamespace(name))
  }

  return {
    name: 'pinecone',
    shared: true,
    async add(name, items) {
      const now = clock.now()
      const namespace = prefix + name
      const { items: live, dimensions, expired } = createBatch(items, now)
      for (const some of pieces(live, Math.max(1, Math.min(MOST_ADDED, Math.floor(NUMBERS_AT_ONCE / dimensions))))) {
        const records = some.map(({ id, vector, deleteAt }) => ({
          id,
          values: Array.from(vector, shortened),
          metadata: { deleteAt: finiteTime(deleteAt) },
        }))
        await calls.run(async () => (await client()).upsert({ records, namespace }))
      }
      if (expired.length > 0) await remove(name, expired)
      await calls.run(() => sweep(namespace, now))
    },
    async search(name, vector, { k, minSimilarity = -1 }) {
      const unit = Array.from(toUnitVector(vector))
      const filter = { deleteAt: { $gt: clock.now() } }
      const { matches } = await calls.run(async () => (await client()).query({ vector: unit, topK: k, filter, namespace: prefix + name }))
      return matches
        .map(({ id, score }) => ({ id, similarity: clamped(score ?? -1) }))
        .filter(({ similarity }) => similarity >= minSimilarity)
    },
    remove,
    clear: (beginning) => calls.run(() => clear(beginning)),
    size: () => undefined,
    close: () => calls.close(() => undefined),
  }
}

/** The same float in 32 bits, in half as many characters. */
function shortened(part: number): number {
  return Number(part.toPrecision(9))
}

/** A namespace that nobody added to is not there. */
async function unlessMissing(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if ((error as { readonly name?: unknown } | undefined)?.name !== 'PineconeNotFoundError') throw error
  }
}

function translate(error: unknown): Error | undefined {
  if (error instanceof Error && /dimension/i.test(error.message))
    return new VectorError('dimension', 'A vector has other dimensions than the index in Pinecone.')
  return undefined
}

const PREFIX = /^[A-Za-z0-9_.:-]{1,64}$/
const MOST_ADDED = 100
/** A request has 2 MB at the most, and a number up to 15 characters. */
const NUMBERS_AT_ONCE = 120_000
const REMOVED_AT_ONCE = 500
const PAGE = 100
const SWEEP_MS = 60_000
const MOST_SWEPT = 10_000
