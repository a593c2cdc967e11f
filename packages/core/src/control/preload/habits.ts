/**
 * What one partition is likely to ask next: bounded counts of what it asked, when, and after what. Knows digests only, no text.
 *
 * Three levels, each with the more general one as its prior (Dirichlet smoothing, as in MacKay and Peto, "A hierarchical Dirichlet
 * language model", Natural Language Engineering 1(3), 1995): in this session at all, in a session at this hour, soon after this request.
 * Counts fade by forward decay (Cormode et al., ICDE 2009): a new one weighs more, and none is ever touched again.
 */

import type { PreloadSource } from '../../events.js'

export const PRELOAD_SOURCES: readonly PreloadSource[] = ['follow-up', 'hour', 'habit']

/** The parts of a probability that the levels contribute; they add up to it. */
export type Shares = Readonly<Record<PreloadSource, number>>

/** What a probability rests upon: of so many occasions it came true in so many. Decayed, so no whole numbers. */
export interface Evidence {
  readonly hits: number
  readonly occasions: number
  /** In most of them it was the very next request. */
  readonly next: boolean
}

/** A request that may come, by its digest. */
export interface Prospect {
  readonly digest: string
  readonly shares: Shares
  /** The level that contributes most. */
  readonly source: PreloadSource
  /** That of this level. */
  readonly evidence: Evidence
}

/** When a request came. */
export interface Moment {
  /** Monotonic, ms. */
  readonly at: number
  /** Hour of the week's kind of day: `hourBucket`. */
  readonly bucket: number
}

export interface Habits {
  /** The partition asked for `digest`. */
  observe(digest: string, moment: Moment): void
  /** What may be asked in this session, given what was asked last, with a probability of at least `least`. In no order. */
  prospects(moment: Moment, least: number): Prospect[]
  /** How often `digest` was asked, up to 255; 0 where it is not remembered. */
  seen(digest: string): number
  forget(digest: string): void
}

/** Silence that ends a session, in ms. */
export const SESSION_GAP_MS: number = 30 * 60_000
const HALF_LIFE_MS = 28 * 24 * 60 * 60_000
/** Requests that are remembered of a partition; what was asked least goes first. */
export const MAX_ITEMS = 64
const MAX_FOLLOWERS = 8
const MAX_HOURS = 8
/** A follow-up is one of the next so many requests. */
const WINDOW = 3
/** The prior counts as so many sightings. */
const PRIOR = 2
const LEAST_SEEN = 2
const MOST_SEEN = 255

interface Item {
  readonly digest: string
  seen: number
  /** Decayed number of sessions in which it was asked. */
  sessions: number
  lastSession: number
  /** The same by hour. */
  readonly hours: Count<number>[]
  /** The hour of `lastSession` for which it was counted. */
  lastBucket: number
  /** Decayed number of times that it was asked, the last not counted as long as what follows is not known. */
  asked: number
  /** In how many of these another was asked soon after. */
  readonly followers: Count<string>[]
  /** In how many of these it was the very next. */
  readonly next: Count<string>[]
}

interface Count<K> {
  readonly key: K
  weight: number
}

interface Recent {
  readonly item: Item
  readonly weight: number
  readonly credited: string[]
}

export function createHabits(): Habits {
  const items = new Map<string, Item>()
  const hours = new Map<number, number>()
  let recent: Recent[] = []
  let sessions = 0
  let session = 0
  /** What the present session has added to `sessions` and, for `bucket`, to `hours`: no evidence yet of what it does not contain. */
  let opened = { sessions: 0, bucket: -1, hour: 0 }
  let lastAt = Number.NEGATIVE_INFINITY

  function begin(weight: number, { at, bucket }: Moment): void {
    if (at - lastAt >= SESSION_GAP_MS) {
      session++
      sessions += weight
      recent = []
      opened = { sessions: weight, bucket: -1, hour: 0 }
    }
    if (opened.bucket !== bucket) {
      hours.set(bucket, (hours.get(bucket) ?? 0) + weight)
      opened = { ...opened, bucket, hour: weight }
    }
    lastAt = at
  }

  function itemOf(digest: string): Item {
    const known = items.get(digest)
    if (known) return known
    if (items.size >= MAX_ITEMS) evict()
    const item: Item = { digest, seen: 0, sessions: 0, lastSession: -1, hours: [], lastBucket: -1, asked: 0, followers: [], next: [] }
    items.set(digest, item)
    return item
  }

  /** Weights grow with time: of what was asked equally often the oldest goes. */
  function evict(): void {
    let least: Item | undefined
    for (const item of items.values()) if (!least || item.sessions < least.sessions) least = item
    if (least) items.delete(least.digest)
  }

  function follow(digest: string, weight: number): void {
    for (const { item, credited } of recent) {
      if (item.digest === digest || credited.includes(digest)) continue
      if (credited.length === 0) add(item.next, digest, weight, MAX_FOLLOWERS)
      credited.push(digest)
      add(item.followers, digest, weight, MAX_FOLLOWERS)
    }
  }

  function observe(digest: string, moment: Moment): void {
    const weight = weightAt(moment.at)
    begin(weight, moment)
    const item = itemOf(digest)
    item.seen = Math.min(item.seen + 1, MOST_SEEN)
    if (item.lastSession !== session) {
      item.sessions += weight
      item.lastBucket = -1
    }
    item.lastSession = session
    if (item.lastBucket !== moment.bucket) add(item.hours, moment.bucket, weight, MAX_HOURS)
    item.lastBucket = moment.bucket
    if (recent.at(-1)?.item === item) return
    follow(digest, weight)
    recent.push({ item, weight, credited: [] })
    item.asked += weight
    if (recent.length > WINDOW) recent.shift()
  }

  function prospects({ at, bucket }: Moment, least: number): Prospect[] {
    const weight = weightAt(at)
    const prior = PRIOR * weight
    const last = recent.at(-1)
    // What this session has added is no evidence of what comes in it once more, or not yet.
    const occasions = {
      habit: sessions - opened.sessions,
      hour: (hours.get(bucket) ?? 0) - (opened.bucket === bucket ? opened.hour : 0),
      'follow-up': last ? last.item.asked - last.weight : 0,
    }
    const hourPrior = prior / (occasions.hour + prior)
    const followPrior = prior / (occasions['follow-up'] + prior)
    const found: Prospect[] = []
    for (const item of items.values()) {
      if (item.seen < LEAST_SEEN || item === last?.item) continue
      const again = item.lastSession === session
      const hits = {
        habit: Math.max(0, item.sessions - (again ? opened.sessions : 0)),
        hour: Math.max(0, weightOf(item.hours, bucket) - (again && item.lastBucket === bucket ? opened.hour : 0)),
        'follow-up': last ? weightOf(last.item.followers, item.digest) : 0,
      }
      const shares = {
        'follow-up': hits['follow-up'] / (occasions['follow-up'] + prior),
        hour: (followPrior * hits.hour) / (occasions.hour + prior),
        habit: (followPrior * hourPrior * hits.habit) / (occasions.habit + prior),
      }
      if (shares['follow-up'] + shares.hour + shares.habit < least) continue
      const source = mostOf(shares)
      const next = source === 'follow-up' && last !== undefined && 2 * weightOf(last.item.next, item.digest) > hits[source]
      found.push({
        digest: item.digest,
        shares,
        source,
        evidence: { hits: hits[source] / weight, occasions: occasions[source] / weight, next },
      })
    }
    return found
  }

  return {
    observe,
    prospects,
    seen: (digest) => items.get(digest)?.seen ?? 0,
    forget(digest) {
      items.delete(digest)
      recent = recent.filter(({ item }) => item.digest !== digest)
      for (const { followers, next } of items.values()) {
        remove(followers, digest)
        remove(next, digest)
      }
    },
  }
}

function mostOf(shares: Shares): PreloadSource {
  let most: PreloadSource = 'habit'
  for (const source of PRELOAD_SOURCES) if (shares[source] > shares[most]) most = source
  return most
}

/** The hour, of a working day (0 to 23) or of a weekend (24 to 47), in the time zone of this process. @param now ms since the epoch */
export function hourBucket(now: number): number {
  const date = new Date(now)
  const day = date.getDay()
  return date.getHours() + (day === 0 || day === 6 ? 24 : 0)
}

/** What one sighting weighs: twice as much every half-life. Finite for 78 years of a process's life. */
function weightAt(monotonicMs: number): number {
  return 2 ** (monotonicMs / HALF_LIFE_MS)
}

function weightOf<K>(counts: readonly Count<K>[], key: K): number {
  for (const count of counts) if (count.key === key) return count.weight
  return 0
}

function remove<K>(counts: Count<K>[], key: K): void {
  const index = counts.findIndex((count) => count.key === key)
  if (index !== -1) counts.splice(index, 1)
}

/** Adds to a bounded list of counts; the lightest makes room. */
function add<K>(counts: Count<K>[], key: K, weight: number, most: number): void {
  const known = counts.find((count) => count.key === key)
  if (known) {
    known.weight += weight
    return
  }
  if (counts.length >= most) {
    let least = 0
    counts.forEach((count, index) => {
      if (count.weight < (counts[least] as Count<K>).weight) least = index
    })
    counts.splice(least, 1)
  }
  counts.push({ key, weight })
}
