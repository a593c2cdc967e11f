/** One line for people who run the app, for each change of a store's state. */

import type { CacheEvent } from '../events.js'
import type { StoreState } from '../ports.js'

/** Where lines go. */
export type LogLine = (line: string) => void

export function createStateLog(log: LogLine): (event: CacheEvent) => void {
  return (event) => {
    if (event.type !== 'store-state') return
    const because = event.because === undefined ? '' : ` (${event.because})`
    log(`[llm-cache] store ${event.store} is ${event.state}${because}: ${MEANING[event.state]}`)
  }
}

const MEANING: Readonly<Record<StoreState, string>> = {
  up: 'it is used again',
  busy: 'it answers too late to wait for; requests go on without it until it is faster',
  'read-only': 'it answers and takes no writes; what it has is served, nothing new is kept in it',
  down: 'requests go on without it; it is tried again in the background',
}
