import type { CacheEvent, CacheEventListener } from '../events.js'

export interface Emitter {
  emit(event: CacheEvent): void
  on(listener: CacheEventListener): () => void
}

/** Tells listeners in order of subscription. A listener that throws is reported to the others and harms nobody. */
export function createEmitter(now: () => number): Emitter {
  const listeners = new Set<CacheEventListener>()
  function emit(event: CacheEvent): void {
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        // Not again for the report itself: a listener that always throws would never end.
        if (event.type !== 'internal-error')
          emit({ type: 'internal-error', at: now(), where: 'event-listener', errorName: errorName(error) })
      }
    }
  }
  return {
    emit,
    on(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
  }
}

/** The class of an error; its message may quote private data and is left out. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
