/**
 * The names of everything in Redis. What one script touches has one hash tag, `{<cache key>}`, and so lies in one slot of a
 * cluster. A namespace has no braces, so the first one ends it: no namespace can reach into another.
 *
 *   <namespace>:{<cache key>}                     entry, string
 *   <namespace>:{<cache key>}:lock                who leads its flight: '<token> <flight id>', string
 *   <namespace>:{<cache key>}:fence               token of the last leader, string
 *   <namespace>:{<cache key>}:followed            the lock that somebody followed last, string
 *   <namespace>:{<cache key>}:flight:<flight id>  the leader's answer, stream; the channel of the same name wakes followers
 *   <namespace>:log                               journal of invalidations, stream
 *   <namespace>:bus                               their pushes, channel
 *   <namespace>:stats                             counters, hash
 */

export interface KeyNames {
  readonly log: string
  readonly bus: string
  readonly stats: string
  entry(key: string): string
  lock(key: string): string
  fence(key: string): string
  followed(key: string): string
  flight(key: string, flightId: string): string
  /** SCAN pattern for everything about cache keys that match `glob`, which must be well-formed. */
  matching(glob: string): string
  /** SCAN pattern for everything about cache keys that begin with `prefix`. */
  beginning(prefix: string): string
  /** The cache key that the name of an entry, a lock or a fence is about; undefined for anything else. */
  cacheKey(name: string): string | undefined
}

export function keyNames(namespace: string): KeyNames {
  const start = `${namespace}:{`
  const startPattern = `${escapeGlob(namespace)}:{`
  const entry = (key: string): string => `${start}${key}}`
  return {
    log: `${namespace}:log`,
    bus: `${namespace}:bus`,
    stats: `${namespace}:stats`,
    entry,
    lock: (key) => entry(key) + LOCK,
    fence: (key) => entry(key) + FENCE,
    followed: (key) => `${entry(key)}:followed`,
    flight: (key, flightId) => `${entry(key)}:flight:${flightId}`,
    matching: (glob) => `${startPattern}${glob}}*`,
    beginning: (prefix) => `${startPattern}${escapeGlob(prefix)}*`,
    cacheKey(name) {
      if (!name.startsWith(start)) return undefined
      for (const suffix of ['}', `}${LOCK}`, `}${FENCE}`]) {
        if (name.endsWith(suffix)) return name.slice(start.length, -suffix.length)
      }
      return undefined
    },
  }
}

/** `text` as a Redis glob that matches it alone. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, '\\$&')
}

/**
 * `glob` without repeated stars.
 * @throws RangeError when it is empty, longer than 512 characters, ends in a lone `\` or has an open `[`
 */
export function checkGlob(glob: string): string {
  const wellFormed = /^(?:\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|[^\\[])+$/
  if (typeof glob !== 'string' || glob.length > 512 || !wellFormed.test(glob)) {
    throw new RangeError('A pattern has 1 to 512 characters, no lone \\ at its end and no [ without its ].')
  }
  return glob.replace(/\\[\s\S]|\*+/g, (part) => (part.startsWith('*') ? '*' : part))
}

const LOCK = ':lock'
const FENCE = ':fence'
