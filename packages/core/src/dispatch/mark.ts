/** Where a request of the cache's own carries its mark: on a connection in memory or on a `Request`, where no client can put one. */

const MARK: unique symbol = Symbol.for('llm-cache.mark')

interface Marked {
  [MARK]?: object | undefined
}

export function markOf(holder: object | null | undefined): object | undefined {
  return (holder as Marked | null | undefined)?.[MARK]
}

export function putMark(holder: object, mark: object | undefined): void {
  if (mark !== undefined) Object.defineProperty(holder, MARK, { value: mark })
}
