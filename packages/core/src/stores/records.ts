/** Texts of the cache's own, kept where entries are kept outside this process: as entries, and so encrypted as they are. */

import type { Entry } from '../entry/entry.js'
import type { Clock } from '../ports.js'
import type { GuardedStore } from './guarded-store.js'

export interface Records {
  /** False where there is no store outside this process. */
  readonly lasting: boolean
  /** What each store has under `key`; undefined where one could not be asked and none has any. Never rejects. */
  read(key: string): Promise<readonly string[] | undefined>
  /** Keeps `text` for `lifetimeMs` at the most. True: at least one store has it. Never rejects. */
  write(key: string, text: string, lifetimeMs: number): Promise<boolean>
}

export function createRecords(stores: readonly GuardedStore[], clock: Pick<Clock, 'now'>): Records {
  return {
    lasting: stores.length > 0,
    async read(key) {
      const answers = await Promise.all(stores.map((store) => store.read([key])))
      const texts = answers.flatMap((answer) => (answer.kind === 'done' && answer.value[0] ? [textOf(answer.value[0])] : []))
      return texts.length === 0 && answers.some(({ kind }) => kind === 'failed') ? undefined : texts
    },
    async write(key, text, lifetimeMs) {
      const now = clock.now()
      const written = stores.map((store) => {
        const most = Math.min(lifetimeMs, store.limits.maxTtlMs ?? lifetimeMs)
        return store.set(recordOf(key, text, now, now + most))
      })
      return (await Promise.all(written)).includes('stored')
    },
  }
}

/** An entry that holds `text` and answers no request: its key is none that a request can have. Times in ms since the epoch. */
export function recordOf(key: string, text: string, storedAt: number, deleteAt: number): Entry {
  return {
    id: 'record',
    key,
    storedAt,
    staleAt: deleteAt,
    deleteAt,
    status: 200,
    headers: [],
    body: encoder.encode(text),
    chunks: undefined,
    meta: { provider: 'record', model: undefined, route: undefined, usage: undefined, originMs: 0, tags: [] },
  }
}

export function textOf({ body }: Entry): string {
  return decoder.decode(body)
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
