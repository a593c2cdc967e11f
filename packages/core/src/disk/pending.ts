/** Writes that are still being encoded: whatever is written or deleted later overtakes them. */

export interface PendingWrites {
  begin(key: string): symbol
  /** Ends the write; false when it was overtaken. */
  end(key: string, mine: symbol): boolean
  /** True if there was one. */
  cancel(key: string): boolean
  cancelAll(): void
  keys(): readonly string[]
}

export function createPendingWrites(): PendingWrites {
  const latest = new Map<string, symbol>()
  return {
    begin(key) {
      const mine = Symbol()
      latest.set(key, mine)
      return mine
    },
    end: (key, mine) => latest.get(key) === mine && latest.delete(key),
    cancel: (key) => latest.delete(key),
    cancelAll: () => latest.clear(),
    keys: () => [...latest.keys()],
  }
}
