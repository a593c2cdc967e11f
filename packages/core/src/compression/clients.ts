/** What clients accept, counted by their Accept-Encoding: a few dozen different values in all, so the parsing is done once each. */

import type { BodyCoding } from '../entry/entry.js'
import { acceptsCoding } from '../http/accept-encoding.js'

export interface Clients {
  observe(acceptEncoding: string | undefined): void
  /** Share of requests that cannot be sent `coding` as it is, 0 to 1; 1 where nothing was observed. */
  refusing(coding: BodyCoding): number
  /** Halves what was counted, so that newer requests count more. */
  age(): void
}

export function createClients(): Clients {
  const counts = new Map<string, number>()

  return {
    observe(acceptEncoding = '') {
      const count = counts.get(acceptEncoding)
      if (count !== undefined) counts.set(acceptEncoding, count + 1)
      else if (counts.size < MAX_VALUES && acceptEncoding.length <= MAX_LENGTH) counts.set(acceptEncoding, 1)
    },
    refusing(coding) {
      let total = 0
      let refused = 0
      for (const [value, count] of counts) {
        total += count
        if (!isSendable(value, coding)) refused += count
      }
      return total === 0 ? 1 : refused / total
    },
    age() {
      for (const [value, count] of counts) {
        if (count < 2) counts.delete(value)
        else counts.set(value, count / 2)
      }
    },
  }
}

/** Whether a body in `coding` can go to a client as it is. */
export function isSendable(acceptEncoding: string | undefined, coding: BodyCoding): boolean {
  return coding !== 'lz4' && acceptsCoding(acceptEncoding, coding)
}

const MAX_VALUES = 64
const MAX_LENGTH = 256
