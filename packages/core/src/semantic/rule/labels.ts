/** Labels that were learnt from, bounded, and as text that other processes can add to their own. */

import { FEATURES_VERSION, type Features } from './features.js'

export interface Label {
  /** Whose it is, and which of theirs: the same label is never counted twice. */
  readonly by: string
  readonly at: number
  readonly features: Features
  /** The probability when it was decided. */
  readonly p: number
  readonly correct: boolean
  /** It would have been served; the chance that it was audited, else 1. */
  readonly chance: number
  readonly audited: boolean
  readonly rejected: boolean
}

export interface LabelRing {
  readonly all: readonly Label[]
  add(label: Omit<Label, 'by' | 'at'>): Label
  /** Keeps the newest `count`. */
  keep(count: number): void
  save(): string
  /** How many were new; undefined where `saved` cannot be read. */
  merge(saved: string): number | undefined
}

/** @param by a random id of this process, of `A-Za-z0-9_-` */
export function createLabelRing(capacity: number, by: string, now: () => number): LabelRing {
  let labels: Label[] = []
  let last = 0

  function insert(label: Label): void {
    labels.push(label)
    if (labels.length > capacity) labels = labels.slice(labels.length - capacity)
  }

  return {
    get all() {
      return labels
    },
    add(label) {
      // Distinct for this process, and near enough to the time to tell old from new.
      last = Math.max(now(), last + 1)
      const own = { ...label, by, at: last }
      insert(own)
      return own
    },
    keep(count) {
      labels = labels.slice(-count)
    },
    save: () => JSON.stringify({ version: FEATURES_VERSION, labels: labels.map(rowOf) }),
    merge(saved) {
      const read = readLabels(saved)
      if (!read) return undefined
      const known = new Set(labels.map(idOf))
      const fresh = read.filter((label) => !known.has(idOf(label)))
      if (fresh.length > 0) labels = [...labels, ...fresh].sort((a, b) => a.at - b.at).slice(-capacity)
      return fresh.length
    },
  }
}

type Row = readonly [by: string, at: number, p: number, chance: number, flags: number, features: string]

function idOf({ by, at }: Label): string {
  return `${by}.${at}`
}

function rowOf({ by, at, p, chance, correct, audited, rejected, features }: Label): Row {
  const flags = (correct ? CORRECT : 0) | (audited ? AUDITED : 0) | (rejected ? REJECTED : 0)
  return [by, at, rounded(p), rounded(chance), flags, btoa(String.fromCharCode(...new Uint8Array(features.buffer.slice(0))))]
}

function readLabels(saved: string): Label[] | undefined {
  try {
    const { version, labels } = JSON.parse(saved) as { version?: unknown; labels?: unknown }
    if (version !== FEATURES_VERSION || !Array.isArray(labels)) return undefined
    return labels.map(labelOf)
  } catch {
    return undefined
  }
}

/** @throws TypeError where it is none */
function labelOf(row: unknown): Label {
  const [by, at, p, chance, flags, text] = row as Row
  const isLabel = typeof by === 'string' && [at, p, chance, flags].every(Number.isFinite) && chance > 0 && typeof text === 'string'
  if (!isLabel) throw new TypeError('no label')
  const features = Int8Array.from(atob(text), (char) => (char.charCodeAt(0) << 24) >> 24)
  const has = (flag: number): boolean => (flags & flag) !== 0
  return { by, at, p, chance, correct: has(CORRECT), audited: has(AUDITED), rejected: has(REJECTED), features }
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

const CORRECT = 1
const AUDITED = 2
const REJECTED = 4
