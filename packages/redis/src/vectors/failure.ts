/** What went wrong, in the words of the port. */

import { VectorError, VectorIndexError } from '@llm-cache/core'
import { LateError } from '../deadline.js'

/** The error that a call rejects with, for whatever the connection or Redis threw. */
export function failure(error: unknown): Error {
  if (error instanceof VectorError || error instanceof VectorIndexError) return error
  if (error instanceof LateError) return new VectorIndexError('timeout', 'Redis did not answer in time.')
  const message = error instanceof Error ? error.message : ''
  if (/dimension mismatch/i.test(message)) {
    return new VectorError('dimension', 'A vector has other dimensions than those of its namespace in Redis.')
  }
  // Its message shows what the command was given.
  if (/unknown (redis )?command/i.test(message)) {
    return new VectorIndexError('unsupported', 'This server has no vector sets. Use Redis 8 or later (Valkey and Redis 7 have none).')
  }
  return new VectorIndexError('failed', 'Redis did not do what the vector index asked of it.', { cause: error })
}
