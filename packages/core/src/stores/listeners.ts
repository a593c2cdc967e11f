/** Who listens to a store. */

import type { StoreEvent } from '../ports.js'

export type StoreListener = (event: StoreEvent) => void

export interface StoreListeners {
  readonly add: (listener: StoreListener) => void
  /** Tells everyone. A listener that throws harms neither the store nor the others. */
  readonly emit: (event: StoreEvent) => void
}

export function createListeners(): StoreListeners {
  const listeners: StoreListener[] = []
  return {
    add: (listener) => {
      listeners.push(listener)
    },
    emit: (event) => {
      for (const listener of listeners) {
        try {
          listener(event)
        } catch {}
      }
    },
  }
}
