/** Requests from files: a request a line as JSON, or a prompt a line as text. */

import { readLines } from '#platform'
import { invalid } from '../../checks.js'
import { describeValue } from '../../lib/nearest.js'
import type { WarmFault, WarmRequest } from './request.js'

/** Makes the request of a prompt. */
export type WarmTemplate = (prompt: string) => WarmRequest

/** The requests of a file, read as they are sent, from its beginning each time. */
export interface WarmFileRequests extends AsyncIterable<WarmRequest | WarmFault> {
  /** How many there are. Reads through the file. */
  count(): Promise<number>
}

/**
 * Reads requests from a file, never more of it than one line at a time. Lines that are no request do not stop the others; they count as
 * failed, by their number. Empty lines count for nothing.
 *
 * @param template makes a request of each line of a text file; without it each line is a `WarmRequest` in JSON, as in the batch files of
 *   OpenAI
 * @throws OptionError for what names no file; reading rejects with the system's error
 * @example
 * await cache.warm(readWarmFile('prompts.txt', (prompt) => ({ url: '/chat', body: { prompt } })), { app, host })
 */
export function readWarmFile(file: string | URL, template?: WarmTemplate): WarmFileRequests {
  if (typeof file !== 'string' && !(file instanceof URL))
    throw invalid('file', `is ${describeValue(file)}; it must be a path or a file URL`)
  if (template !== undefined && typeof template !== 'function')
    throw invalid('request', `is ${describeValue(template)}; it must be a function that makes a request of a prompt`)
  if (!readLines) throw invalid('file', 'needs a file system, and there is none here: give the requests themselves')
  const lines = readLines
  const read = template ? (text: string) => fromTemplate(text, template) : fromJson

  async function* requests(): AsyncGenerator<WarmRequest | WarmFault> {
    let line = 0
    for await (const text of lines(file, MAX_LINE_BYTES)) {
      line++
      if (text === undefined) yield { fault: 'line-too-long', line }
      else if (text.trim() !== '') yield { ...read(text), line }
    }
  }

  return {
    [Symbol.asyncIterator]: requests,
    async count() {
      let count = 0
      for await (const text of lines(file, MAX_LINE_BYTES)) if (text?.trim() !== '') count++
      return count
    },
  }
}

function fromJson(text: string): WarmRequest | WarmFault {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { fault: 'invalid-json' }
  }
  return isObject(value) && !('fault' in value) ? (value as unknown as WarmRequest) : { fault: 'invalid-request' }
}

function fromTemplate(text: string, template: WarmTemplate): WarmRequest | WarmFault {
  try {
    const request: unknown = template(text.trim())
    return isObject(request) ? (request as unknown as WarmRequest) : { fault: 'invalid-request' }
  } catch {
    return { fault: 'template-failed' }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const MAX_LINE_BYTES: number = 4 * 1024 * 1024
