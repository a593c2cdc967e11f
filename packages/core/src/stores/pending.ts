/** Work under way that an invalidation must be able to beat: what it finds or makes must not bring back what was removed. */

export interface Pending {
  /** Work on `key` begins. */
  begin(key: string): PendingWork
  /** All work under way on keys that begin with `prefix` is spoiled. */
  spoil(prefix: string): void
  readonly size: number
}

export interface PendingWork {
  /** What was removed meanwhile must not come back: drop the result. */
  readonly spoiled: boolean
  /** The work is over. Idempotent. */
  end(): void
}

export function createPending(): Pending {
  const works = new Set<{ readonly key: string; spoiled: boolean }>()
  return {
    begin(key) {
      const work = { key, spoiled: false }
      works.add(work)
      return {
        get spoiled() {
          return work.spoiled
        },
        end: () => void works.delete(work),
      }
    },
    spoil(prefix) {
      for (const work of works) if (work.key.startsWith(prefix)) work.spoiled = true
    },
    get size() {
      return works.size
    },
  }
}
