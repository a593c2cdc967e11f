/** The cookies that take part in a partition (RFC 6265 section 4.2.1). */

/**
 * The pairs of a Cookie field that tell callers apart. `all`: the whole field, under the name ''. A sorted list of names:
 * every value of each, in the order sent, for apps differ in whether the first or the last of equal names counts.
 *
 * Servers disagree on whether a ';' inside double quotes separates cookies. So that nobody can show us one session and
 * the app another, a field with a double quote counts as a whole besides. White space round a name or value is dropped.
 */
export function credentialCookies(field: string, names: 'all' | readonly string[]): readonly (readonly [name: string, value: string])[] {
  if (names === 'all') return [['', field]]
  const found: (readonly [string, string])[] = []
  for (const name of names) collect(field, name, found)
  if (field.includes('"')) found.push(['', field])
  return found
}

/** Adds every `name=value` of the field. Walks over the pairs without splitting: the field is long, the names are few. */
function collect(field: string, name: string, found: (readonly [string, string])[]): void {
  for (let start = 0; start < field.length; ) {
    const semicolon = field.indexOf(';', start)
    const end = semicolon < 0 ? field.length : semicolon
    const nameStart = skipBlank(field, start)
    if (field.startsWith(name, nameStart)) {
      const equals = skipBlank(field, nameStart + name.length)
      if (field[equals] === '=') found.push([name, field.slice(equals + 1, end).trim()])
    }
    start = end + 1
  }
}

/** Past white space and control characters, which servers drop round a name, and past no-break space, which some do. */
function skipBlank(field: string, start: number): number {
  let at = start
  while (field.charCodeAt(at) <= 0x20 || field.charCodeAt(at) === 0xa0) at++
  return at
}
