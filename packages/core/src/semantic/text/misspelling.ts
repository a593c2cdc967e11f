/** Words that are one word, misspelt once. */

/** Shorter words differ by one letter and mean something else: 'Iran' and 'Iraq'. */
const SHORTEST = 5

/** True where one letter is missing, too many, another one, or two neighbours are exchanged; of words of five letters and more. */
export function isMisspelling(a: string, b: string): boolean {
  if (a === b) return true
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  if (short.length < SHORTEST || long.length - short.length > 1) return false
  let start = 0
  while (start < short.length && short[start] === long[start]) start++
  let end = 0
  while (end < short.length - start && short[short.length - 1 - end] === long[long.length - 1 - end]) end++
  const left = short.length - start - end
  if (left <= 1) return long.length - start - end <= 1
  return left === 2 && long.length === short.length && short[start] === long[start + 1] && short[start + 1] === long[start]
}
