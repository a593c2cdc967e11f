/** Sums over all processes: one hash. */

import type { SharedCounters } from '@llm-cache/core'
import type { KeyNames } from './keys.js'
import type { Link } from './link.js'
import { ADD, SUMS } from './scripts.js'

/** What is no finite number, or zero, is not added. Redis adds long doubles: 17 digits, so whole numbers stay whole. */
export function createCounters(link: Link, names: KeyNames): SharedCounters {
  return {
    async add(deltas) {
      const args = Object.entries(deltas).flatMap(([name, value]) => (Number.isFinite(value) && value !== 0 ? [name, `${value}`] : []))
      if (args.length > 0) await link.run(ADD, [names.stats], ...args)
    },
    async read() {
      const flat = (await link.run(SUMS, [names.stats])) as readonly string[]
      const sums: [string, number][] = []
      for (let at = 0; at + 1 < flat.length; at += 2) {
        const value = Number(flat[at + 1])
        if (Number.isFinite(value)) sums.push([flat[at] as string, value])
      }
      return Object.fromEntries(sums)
    },
  }
}
