/** Embeddings of OpenAI and of everything that speaks its API, through the `openai` package. */

import { readVariable } from '#platform'
import { openaiUsage } from '../answer/usage.js'
import { checkNames, countOf, invalid } from '../checks.js'
import { PeerMissingError } from '../errors.js'
import { MAX_DIMENSIONS } from '../semantic/embedders/check.js'
import type { Embedder } from '../semantic/ports.js'
import { knownModel } from './models.js'
import { embedderId } from './naming.js'
import { addressOf, textOf } from './options.js'

export interface OpenAiEmbedderOptions {
  /** A client of yours, with its own key, address, retries and timeout. @default one of its own */
  readonly client?: OpenAiEmbeddingsClient | undefined
  /** @default the environment's OPENAI_API_KEY */
  readonly apiKey?: string | undefined
  /** Of a compatible API: 'http://127.0.0.1:1234/v1'. @default OpenAI's */
  readonly baseURL?: string | undefined
  /** @default 'text-embedding-3-small' */
  readonly model?: string | undefined
  /** Fewer dimensions than the model has, where it can give them. @default all of them */
  readonly dimensions?: number | undefined
}

/** What is needed of an `OpenAI` or `AzureOpenAI` instance. */
export interface OpenAiEmbeddingsClient {
  readonly baseURL?: string
  readonly embeddings: {
    create(
      body: { model: string; input: string[]; dimensions?: number; encoding_format?: 'float' },
      options?: { signal?: AbortSignal },
    ): PromiseLike<{
      data: readonly { readonly index: number; readonly embedding: ArrayLike<number> }[]
      model?: string
      usage?: { readonly prompt_tokens: number }
    }>
  }
}

/**
 * Through the `openai` package (6 or 7), which is loaded with the first text unless a client is given. Its own client does not retry: a
 * text that fails is a miss, and the next one asks again.
 *
 * @throws OptionError; with the first text PeerMissingError where `openai` is not installed
 */
export function openAiEmbedder(options: OpenAiEmbedderOptions = {}, load: LoadOpenAi = loadOpenAi): Embedder {
  checkNames(options, ['client', 'apiKey', 'baseURL', 'model', 'dimensions'])
  const model = textOf('model', options.model, 'text-embedding-3-small')
  const known = knownModel(model)
  const dimensions = options.dimensions === undefined ? known?.dimensions : countOf('dimensions', options.dimensions, 0, 1, MAX_DIMENSIONS)
  if (known && dimensions !== known.dimensions && !(known.shortens && (dimensions as number) < known.dimensions))
    throw invalid(
      'dimensions',
      `is ${dimensions}, but ${model} has ${known.dimensions}${known.shortens ? ' at the most' : ', and no fewer'}`,
    )
  const open = clientOf(options, load)
  let client: Promise<OpenAiEmbeddingsClient> | undefined
  return {
    id: embedderId('openai', model, dimensions),
    dimensions,
    maxBatch: MAX_BATCH,
    calibration: known?.calibration,
    async embed(texts, signal, onUsage) {
      if (texts.length === 0) return []
      client ??= open()
      // What could not be loaded is tried again: it may have been installed meanwhile.
      const { embeddings, baseURL } = await client.catch((error: unknown) => {
        client = undefined
        throw error
      })
      const { data, ...reply } = await embeddings.create(
        {
          model,
          input: [...texts],
          ...(options.dimensions !== undefined && { dimensions: options.dimensions }),
          // Left out, the client asks for base64; many compatible APIs answer with numbers all the same, and openai 6 misreads these.
          ...(!isOpenAi(baseURL) && { encoding_format: 'float' as const }),
        },
        { ...(signal && { signal }) },
      )
      const usage = openaiUsage(reply.usage)
      if (usage) onUsage?.({ usage, model: reply.model ?? model, provider: 'openai' })
      return [...data].sort((a, b) => a.index - b.index).map(({ embedding }) => embedding)
    },
  }
}

type OpenAiModule = {
  readonly OpenAI: new (options: { apiKey: string; baseURL?: string; maxRetries: number }) => OpenAiEmbeddingsClient
}
type LoadOpenAi = () => Promise<OpenAiModule>

function clientOf(options: OpenAiEmbedderOptions, load: LoadOpenAi): () => Promise<OpenAiEmbeddingsClient> {
  const { client, apiKey } = options
  if (client !== undefined) {
    for (const name of ['apiKey', 'baseURL'] as const)
      if (options[name] !== undefined) throw invalid(name, 'belongs to the client that is given: set it there')
    if (typeof client?.embeddings?.create !== 'function') throw invalid('client', 'must be an instance of OpenAI')
    return async () => client
  }
  const baseURL = options.baseURL === undefined ? undefined : addressOf('baseURL', options.baseURL)
  const key = (apiKey === undefined ? undefined : textOf('apiKey', apiKey)) ?? readVariable('OPENAI_API_KEY')
  if (!key && baseURL === undefined) throw invalid('apiKey', 'is missing: give it, or set OPENAI_API_KEY')
  return async () => {
    const { OpenAI } = await load()
    // APIs without keys do not look at it, but the client wants one.
    return new OpenAI({ apiKey: key || 'none', ...(baseURL !== undefined && { baseURL }), maxRetries: 0 })
  }
}

async function loadOpenAi(): Promise<OpenAiModule> {
  try {
    return await import('openai')
  } catch (error) {
    throw new PeerMissingError('openai', 'openAiEmbedder needs the package openai: npm install openai', { cause: error })
  }
}

function isOpenAi(baseURL: string | undefined): boolean {
  return (
    baseURL === undefined || /^https:\/\/([a-z]+\.)?api\.openai\.com(\/|$)|^https:\/\/[a-z0-9-]+\.openai\.azure\.com(\/|$)/i.test(baseURL)
  )
}

/** The error never has the value: it may be a key. */
/** OpenAI takes 2048 texts, but 300,000 tokens in all. */
const MAX_BATCH = 64
