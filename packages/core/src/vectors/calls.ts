/** Calls to a server: with a deadline, and with errors in the words of the port. */

import { VectorError, VectorIndexError } from '../errors.js'
import { withDeadline } from '../lib/deadline.js'
import type { Clock } from '../ports.js'

export interface Calls {
  /** What `work` gives. @throws VectorIndexError, VectorError */
  run<T>(work: () => PromiseLike<T>): Promise<T>
  /** No call is made from now on. `release` frees what the index opened; called once. */
  close(release: () => PromiseLike<unknown> | undefined): Promise<void>
}

export interface CallOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  /** Of errors: 'PostgreSQL', 'Qdrant'. */
  readonly server: string
  /** The error to throw for one of the client's; undefined: it just failed. */
  readonly translate?: (error: unknown) => Error | undefined
}

export function createCalls({ clock, timeoutMs, server, translate }: CallOptions): Calls {
  let closing: Promise<void> | undefined
  return {
    async run(work) {
      if (closing) throw new VectorIndexError('closed', 'The vector index is closed.')
      const settled = await withDeadline(Promise.resolve().then(work), timeoutMs, clock)
      if (settled.kind === 'done') return settled.value
      if (settled.kind === 'late') throw new VectorIndexError('timeout', `${server} did not answer within ${timeoutMs} ms.`)
      const { error } = settled
      if (error instanceof VectorError || error instanceof VectorIndexError) throw error
      throw (
        translate?.(error) ?? new VectorIndexError('failed', `${server} did not do what the vector index asked of it.`, { cause: error })
      )
    },
    close(release) {
      closing ??= Promise.resolve().then(async () => {
        await release()
      })
      return closing
    },
  }
}
