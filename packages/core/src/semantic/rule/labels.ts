/** Labels that were learnt from, bounded, and as text that other processes can add to their own. */

import { FEATURE_NAMES, FEATURES_VERSION, type Features } from './features.js'

export interface Label {
  /** Whose it is, and which of theirs (ms since the epoch, about): the same label is never counted twice. */
  readonly by: string
  readonly at: number
  readonly features: Features
  readonly correct: boolean
  /** It would have been served; the chance that it was audited, else 1. */
  readonly chance: number
  /** It would have been served, or was. */
  readonly audited: boolean
  readonly rejected: boolean
}

export interface LabelRing {
  /** Oldest first. */
  readonly all: readonly Label[]
  /** Something was forgotten, here or elsewhere, in this run or before. */
  readonly hasForgotten: boolean
  add(label: Omit<Label, 'by' | 'at'>): void
  /** Forgets all but the newest `count`, in every process that reads what this one saves. */
  keep(count: number): void
  save(): string
  /**
   * What another process saved joins. Undefined where it cannot be read, and nothing changed. Yields after every hundred labels that it
   * reads (a fraction of a millisecond); what it changes, it changes at the end.
   */
  merging(saved: string): Generator<void, Merged | undefined>
}

export interface Merged {
  /** Labels that were new. */
  readonly added: number
  /** Own ones that another process had forgotten. */
  readonly forgotten: number
}

/** @param by a random id of this process, of `A-Za-z0-9_-` */
export function createLabelRing(capacity: number, by: string, now: () => number): LabelRing {
  let labels: Held[] = []
  let last = 0
  /** What is older was forgotten, and does not come back from elsewhere. */
  let since = 0

  return {
    get all() {
      return labels
    },
    get hasForgotten() {
      return since > 0
    },
    add(label) {
      // Distinct for this process, and near enough to the time to tell old from new; what is new is newer than what another process, whose
      // clock may be ahead, has forgotten.
      last = Math.max(now(), last + 1, since)
      labels.push(held({ ...label, by, at: last }))
      if (labels.length > capacity) labels = labels.slice(labels.length - capacity)
    },
    keep(count) {
      labels = count > 0 ? labels.slice(-count) : []
      since = labels.reduce((oldest, { at }) => Math.min(oldest, at), last + 1)
    },
    save: () => [JSON.stringify({ version: FEATURES_VERSION, since }), ...labels.map(rowOf)].join('\n'),
    merging,
  }

  function* merging(saved: string): Generator<void, Merged | undefined> {
    const read = yield* readSaved(saved, new Set(labels.map(rowOf)), capacity)
    if (!read) return undefined
    const own = new Set(read.labels.length > 0 ? labels.map(({ id }) => id) : [])
    const time = now()
    const latest = time + MOST_AHEAD_MS
    // By a clock that is wrong nothing here is old. If it were taken for now, each merge would forget all.
    since = Math.max(since, read.since > latest ? LONG_AGO : read.since)
    const others = read.labels.filter(({ id }) => !own.has(id))
    const dated = others.map((label) => (label.at > latest ? held({ ...label, by: label.id, at: time }) : label))
    const forgotten = labels.reduce((sum, { at }) => sum + (at < since ? 1 : 0), 0)
    if (dated.length + forgotten === 0) return { added: 0, forgotten }
    const all = [...labels, ...dated].filter(({ at }) => at >= since).sort(byAge)
    const dropped = all.splice(0, Math.max(0, all.length - capacity))
    const stayed = labels.length - forgotten - dropped.filter(({ id }) => own.has(id)).length
    const added = all.length - stayed
    if (added + forgotten > 0) labels = all
    return { added, forgotten }
  }
}

interface Held extends Label {
  /** Whose it is, and which of theirs. One whose time was corrected has its identity from before as `by`. */
  readonly id: string
  /** What it is saved as. */
  readonly row: string
}

/** Thousands are saved again and again: the row is made once. */
function held({ by, at, chance, correct, audited, rejected, features }: Label): Held {
  const flags = (correct ? CORRECT : 0) | (audited ? AUDITED : 0) | (rejected ? REJECTED : 0)
  const bytes = btoa(String.fromCharCode(...new Uint8Array(features)))
  const row = `${by} ${at} ${Math.round(chance * 1e6) / 1e6} ${flags} ${bytes}`
  return { by, at, features, correct, chance, audited, rejected, id: idOf(by, at), row }
}

function rowOf({ row }: Held): string {
  return row
}

function idOf(by: string, at: number): string {
  return by.includes('.') ? by : `${by}.${at}`
}

/** Oldest first, the same in every process. */
export function byAge(a: Pick<Label, 'by' | 'at'>, b: Pick<Label, 'by' | 'at'>): number {
  return a.at - b.at || (a.by < b.by ? -1 : 1)
}

interface Saved {
  readonly since: number
  readonly labels: readonly Held[]
}

/** @param known rows that need not be read */
function* readSaved(saved: string, known: ReadonlySet<string>, most: number): Generator<void, Saved | undefined> {
  const [header = '', ...rows] = saved.split('\n')
  const labels: Held[] = []
  try {
    const { version, since } = JSON.parse(header) as { version?: unknown; since?: unknown }
    if (version !== FEATURES_VERSION || !isNumber(since)) return undefined
    for (const [index, row] of rows.slice(-most).entries()) {
      if (!known.has(row)) labels.push(labelOf(row))
      if (index % SLICE === 0) yield
    }
    return { since, labels }
  } catch {
    return undefined
  }
}

/** @throws TypeError where it is none */
function labelOf(row: string): Held {
  const [by = '', time, share, bits, text = '', ...more] = row.split(' ')
  const [at, chance, flags] = [time, share, bits].map(Number) as [number, number, number]
  if (by === '' || more.length > 0 || ![at, chance, flags].every(isNumber)) throw new TypeError('no label')
  const bytes = atob(text)
  if (bytes.length !== FEATURE_NAMES.length || chance < LEAST_CHANCE || chance > 1) throw new TypeError('no label')
  const features = new Int8Array(bytes.length)
  for (let index = 0; index < bytes.length; index++) features[index] = bytes.charCodeAt(index)
  const has = (flag: number): boolean => (flags & flag) !== 0
  return { by, at, chance, correct: has(CORRECT), audited: has(AUDITED), rejected: has(REJECTED), features, id: idOf(by, at), row }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

const SLICE = 100
/** Times further ahead are those of a clock that is wrong. */
export const MOST_AHEAD_MS: number = 24 * 60 * 60 * 1000
/** Older than any label, and not never. */
const LONG_AGO = 1
/** Of an audit: a label stands for so many requests at the most. */
const LEAST_CHANCE = 0.01
const CORRECT = 1
const AUDITED = 2
const REJECTED = 4
