/** One report an outage, however many connections complain and however often. */

export interface Outage {
  /** The connection called `label` failed. */
  failed(label: string): void
  /** It works. */
  works(label: string): void
}

/** @param onDown called for the first failure since all connections worked */
export function createOutage(onDown: () => void): Outage {
  const down = new Set<string>()
  return {
    failed(label) {
      const first = down.size === 0
      down.add(label)
      if (first) onDown()
    },
    works(label) {
      down.delete(label)
    },
  }
}
