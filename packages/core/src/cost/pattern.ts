/** Patterns over model names, all in lower case. */

/** True if `pattern` is more than an exact name: 'prefix*', '*suffix', '*part*' or '/regular expression/'. */
export function isPattern(pattern: string): boolean {
  return pattern.startsWith('*') || pattern.endsWith('*') || isExpression(pattern)
}

/** True if `name` matches `pattern`: an exact name, 'prefix*', '*suffix', '*part*' or '/regular expression/'. */
export function matches(pattern: string, name: string): boolean {
  if (isExpression(pattern)) return new RegExp(pattern.slice(1, -1)).test(name)
  const open = pattern.startsWith('*')
  const text = pattern.slice(open ? 1 : 0, pattern.length > 1 && pattern.endsWith('*') ? -1 : undefined)
  if (!pattern.endsWith('*')) return open ? name.endsWith(text) : name === text
  return open ? name.includes(text) : name.startsWith(text)
}

function isExpression(pattern: string): boolean {
  return pattern.length > 2 && pattern.startsWith('/') && pattern.endsWith('/')
}
