/** Adding to servers that have a collection for each number of dimensions. */

import type { Clock } from '../ports.js'
import type { VectorItem } from '../semantic/ports.js'
import { createBatch, pieces } from './batch.js'
import type { Calls } from './calls.js'

export interface Adding {
  readonly namespace: string
  readonly items: readonly VectorItem[]
  readonly clock: Pick<Clock, 'now'>
  readonly calls: Calls
  /** Most items of one call. */
  readonly size: number
  /** Makes the collection, where it is not there. */
  make(dimensions: number): Promise<void>
  /** @throws VectorError where the namespace holds vectors of other dimensions */
  checkNamespace(namespace: string, dimensions: number, now: number): Promise<void>
  insert(namespace: string, dimensions: number, items: readonly VectorItem[]): Promise<void>
  remove(namespace: string, ids: readonly string[]): Promise<void>
  /** Removes what has expired, now and then. */
  sweep(now: number): Promise<void>
}

/** @throws VectorError, VectorIndexError */
export async function addAll(adding: Adding): Promise<void> {
  const { namespace, calls, size } = adding
  const now = adding.clock.now()
  const { items, dimensions, expired } = createBatch(adding.items, now)
  for (const some of pieces(items, size)) {
    await calls.run(async () => {
      await adding.make(dimensions)
      await adding.checkNamespace(namespace, dimensions, now)
      await adding.insert(namespace, dimensions, some)
    })
  }
  if (expired.length > 0) await adding.remove(namespace, expired)
  await calls.run(() => adding.sweep(now))
}
