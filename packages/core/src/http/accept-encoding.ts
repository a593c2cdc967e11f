/** Accept-Encoding (RFC 9110 section 12.5.3). What is malformed counts as not accepted. */

/**
 * Whether to send `coding` to a client with this field: it is acceptable, and nothing says that the client would rather
 * have no coding at all. Without the field, or with an empty one, nothing was said to be acceptable: false.
 *
 * @param coding lower-case
 */
export function acceptsCoding(acceptEncoding: string | undefined, coding: string): boolean {
  if (!acceptEncoding) return false
  let own: number | undefined
  let any: number | undefined
  let identity = 0
  for (const member of acceptEncoding.split(',')) {
    const at = member.indexOf(';')
    const name = (at < 0 ? member : member.slice(0, at)).trim().toLowerCase()
    if (name === '') continue
    const weight = at < 0 ? 1 : parseWeight(member.slice(at + 1))
    // Of two words on the same coding the more reluctant one counts.
    if (name === coding || ALIASES[coding] === name) own = Math.min(own ?? 1, weight)
    else if (name === '*') any = Math.min(any ?? 1, weight)
    else if (name === 'identity') identity = weight
  }
  const weight = own ?? any ?? 0
  return weight > 0 && weight >= identity
}

/** `q=0.5` as a number; 0 for anything else (RFC 9110 section 12.4.2). */
function parseWeight(text: string): number {
  const match = WEIGHT.exec(text)
  return match ? Number(match[1]) : 0
}

const WEIGHT = /^[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*$/i

/** RFC 9110 section 8.4.1.3. */
const ALIASES: Readonly<Record<string, string | undefined>> = { gzip: 'x-gzip' }
