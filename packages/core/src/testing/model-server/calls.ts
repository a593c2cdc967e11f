/** The record of what reached the server, and promises about it. */

import type { ModelCall } from './types.js'

/** A call while it is served. */
export type LiveCall = { -readonly [Field in keyof ModelCall]: ModelCall[Field] }

export interface CallLog {
  readonly calls: readonly ModelCall[]
  add(call: LiveCall): void
  /** To be called after each change of a recorded call. */
  changed(): void
  count(path: string | undefined): number
  /** Resolves as soon as `condition` holds; it is asked again after each change. */
  until(condition: () => boolean): Promise<void>
  clear(): void
}

export function createCallLog(): CallLog {
  const calls: LiveCall[] = []
  const waiting = new Set<() => void>()

  const changed = (): void => {
    for (const check of [...waiting]) check()
  }

  return {
    calls,
    changed,
    add: (call) => {
      calls.push(call)
      changed()
    },
    count: (path) => (path === undefined ? calls.length : calls.filter((call) => call.path === path).length),
    until: (condition) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!condition()) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    clear: () => {
      calls.length = 0
      changed()
    },
  }
}
