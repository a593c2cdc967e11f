/** What handlers threw, for followers to throw too: so that the app's own error handling makes their answers as well. */

/** One thrown value, as often as it is needed. */
export interface Rethrowable {
  /** What the next follower throws. */
  next(): unknown
  /** No further follower comes. */
  forget(): void
}

/**
 * Hono's HTTPException may hold a `Response` as its `res`, and that can be sent once only: each follower gets the same error
 * with a response of its own. Undefined where the response has been read already.
 */
export function rethrowable(error: unknown): Rethrowable | undefined {
  const res = (error as { res?: unknown } | null | undefined)?.res
  if (!isResponse(res)) return { next: () => error, forget: () => undefined }
  if (res.bodyUsed || res.body?.locked) return undefined
  const kept = res.clone()
  const { status, headers } = kept
  // Read once, for a clone of a clone of a clone would be read through all of them.
  let bytes: Promise<ArrayBuffer> | undefined
  return {
    async next() {
      bytes ??= kept.arrayBuffer()
      const body = await bytes
      const own = new Response(body.byteLength === 0 ? null : body, { status, headers })
      return Object.create(error as object, { res: { value: own, writable: true, enumerable: true, configurable: true } })
    },
    forget() {
      // What nobody reads would hold the rest of a long body.
      if (!bytes) kept.body?.cancel().catch(() => undefined)
    },
  }
}

/** Not by `instanceof`: servers put a class of their own in the place of `Response`, and those of `fetch` are none of it. */
function isResponse(value: unknown): value is Response {
  return typeof value === 'object' && value !== null && 'clone' in value && 'bodyUsed' in value
}
