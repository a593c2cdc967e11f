/**
 * How often keys were asked for lately: a count-min sketch of 4-bit counters that are halved from time to time
 * (Einziger, Friedman, Manes: TinyLFU, ACM Transactions on Storage 13(4), 2017). Estimates are never too low between two
 * halvings, up to 15, and it knows no keys, only 32-bit hashes of them.
 */
export interface FrequencySketch {
  /** One more request for the key of `hash`. */
  add(hash: number): void
  /** How often it was asked for lately, from 0 to 15. */
  estimate(hash: number): number
  /** Halves all counters, so that what was asked for long ago is forgotten. */
  halve(): void
  clear(): void
  /** Memory that the counters take, in bytes: 8 to 16 an entry, 4 MiB at the most. Never changes. */
  readonly bytes: number
}

/** @param entries how many keys are to be told apart */
export function createFrequencySketch(entries: number): FrequencySketch {
  const counters = 2 ** Math.ceil(Math.log2(Math.min(Math.max(entries, LEAST_ENTRIES) * COUNTERS_PER_ENTRY, MOST_COUNTERS)))
  const words = new Uint32Array(counters / COUNTERS_PER_WORD)
  const mask = counters - 1

  /** Counter number `row` of a key: where the row's own step from the hash leads. */
  function counterOf(hash: number, step: number, row: number): number {
    return (hash + Math.imul(row, step)) & mask
  }

  function read(counter: number): number {
    return ((words[counter >>> 3] ?? 0) >>> ((counter & 7) << 2)) & MOST
  }

  function estimate(hash: number): number {
    const step = stepOf(hash)
    let least = MOST
    for (let row = 0; row < ROWS; row++) least = Math.min(least, read(counterOf(hash, step, row)))
    return least
  }

  return {
    bytes: words.byteLength,
    estimate,
    add(hash) {
      const least = estimate(hash)
      if (least === MOST) return
      const step = stepOf(hash)
      // Only the lowest counters: those above it count other keys already.
      for (let row = 0; row < ROWS; row++) {
        const counter = counterOf(hash, step, row)
        const word = counter >>> 3
        if (read(counter) === least) words[word] = (words[word] ?? 0) + (1 << ((counter & 7) << 2))
      }
    },
    halve() {
      for (let word = 0; word < words.length; word++) words[word] = ((words[word] ?? 0) >>> 1) & HALVED
    },
    clear() {
      words.fill(0)
    },
  }
}

/** A 32-bit hash of `key` (FNV-1a, mixed as in MurmurHash3): against chance, not against attack, as keys end in SHA-256 digests. */
export function hashKey(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return mix(hash)
}

// Odd, so that the rows of a key are apart.
function stepOf(hash: number): number {
  return mix(hash ^ 0x5bd1e995) | 1
}

function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

const ROWS = 4
const MOST = 15
const COUNTERS_PER_WORD = 8
const COUNTERS_PER_ENTRY = 16
const LEAST_ENTRIES = 64
const MOST_COUNTERS = 2 ** 23
const HALVED = 0x77777777
