/** Hits wait here until they are written down, so that reading does not write. */

export interface HitLog {
  note(key: string, now: number): void
  /** True once there is enough for the next round not to be waited for. */
  readonly full: boolean
  /** Takes at most `limit` of the keys out, the longest noted first. */
  take(limit: number): (readonly [key: string, hits: number, usedAt: number])[]
  forget(key: string): void
  clear(): void
}

/** Beyond `2 * capacity` keys further ones are not noted until some were taken. */
export function createHitLog(capacity: number): HitLog {
  const hits = new Map<string, { hits: number; usedAt: number }>()
  return {
    note(key, now) {
      const noted = hits.get(key)
      if (noted) {
        noted.hits += 1
        noted.usedAt = now
      } else if (hits.size < 2 * capacity) {
        hits.set(key, { hits: 1, usedAt: now })
      }
    },
    get full() {
      return hits.size >= capacity
    },
    take(limit) {
      const taken: (readonly [string, number, number])[] = []
      for (const [key, noted] of hits) {
        if (taken.length >= limit) break
        taken.push([key, noted.hits, noted.usedAt])
        hits.delete(key)
      }
      return taken
    },
    forget: (key) => {
      hits.delete(key)
    },
    clear: () => hits.clear(),
  }
}
