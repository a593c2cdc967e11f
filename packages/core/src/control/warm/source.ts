/** Where requests come from: what users may name, and the requests it stands for. */

import { checkNames, invalid } from '../../checks.js'
import type { OptionError } from '../../errors.js'
import { describeValue, didYouMean } from '../../lib/nearest.js'
import { readWarmFile, type WarmFileRequests, type WarmTemplate } from './file.js'
import type { WarmFault, WarmRequest } from './request.js'
import type { WarmItems } from './run.js'

/** A file of requests, read as they are sent. */
export interface WarmFile {
  /** One `WarmRequest` a line, as JSON (JSONL); with `request`, one prompt a line. */
  readonly file: string | URL
  readonly request?: WarmTemplate | undefined
}

/** Requests one by one, what `readWarmFile` gives, a file, or the most popular ones of this cache's own traffic. */
export type WarmSource =
  | Iterable<WarmRequest | WarmFault>
  | AsyncIterable<WarmRequest | WarmFault>
  | WarmFile
  | 'popular'
  /** Path of a JSONL file. */
  | (string & {})

/** Opens a source for one run. */
export type OpenSource = () => Promise<WarmItems>

/**
 * @param popular the most popular requests, so many at the most; throws OptionError where none are kept
 * @throws OptionError for what is no source
 */
export function resolveSource(source: WarmSource, popular: (top: number) => readonly WarmRequest[], top: number): OpenSource {
  if (source === 'popular') {
    return async () => {
      const requests = popular(top)
      return { items: requests, total: requests.length }
    }
  }
  if (typeof source === 'string') {
    if (!/[./\\]/.test(source))
      throw invalid('requests', `is ${describeValue(source)}, which is no path of a file${didYouMean(source, ['popular'])}`)
    return fromFile(readWarmFile(source))
  }
  if (typeof source !== 'object' || source === null) throw notRequests(source)
  if ('count' in source && Symbol.asyncIterator in source) return fromFile(source as WarmFileRequests)
  if (isIterable(source)) return async () => ({ items: source, total: sizeOf(source) })
  if (!('file' in source)) throw notRequests(source)
  checkNames(source, ['file', 'request'])
  return fromFile(readWarmFile(source.file, source.request))
}

/** Whether it can be gone through only once, so that a second run would find nothing. */
export function isOneShot(source: unknown): boolean {
  if (typeof source !== 'object' || source === null || !isIterable(source)) return false
  return typeof (source as { next?: unknown }).next === 'function'
}

function fromFile(requests: WarmFileRequests): OpenSource {
  return async () => ({ items: requests, total: await requests.count() })
}

function isIterable(source: object): source is Iterable<WarmRequest> | AsyncIterable<WarmRequest> {
  return Symbol.asyncIterator in source || Symbol.iterator in source
}

function sizeOf(source: object): number | undefined {
  const { length, size } = source as { length?: unknown; size?: unknown }
  return [length, size].find((count) => typeof count === 'number')
}

function notRequests(source: unknown): OptionError {
  return invalid(
    'requests',
    `is ${describeValue(source)}; it must be requests one by one, { file }, the path of a JSONL file, or 'popular'`,
  )
}
