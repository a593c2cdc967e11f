/** Names, told by their capitals. Texts without capitals have none: there `substitution` and the sibling groups see them. */

import { baselineIdf } from './baseline.js'
import type { Token } from './scan.js'
import { STOP_WORDS } from './words.js'

const CAPITAL = /^\p{Lu}/u
/** From this weight on (0 to 1) a capitalised word at a sentence's beginning is taken for a name if another name follows. */
const RARE = 0.99

/** Names in lower case, each word of them, ascending, each once. */
export function namesOf(tokens: readonly Token[], stems: readonly string[]): readonly string[] {
  if (isTitleCase(tokens)) return []
  const found = new Set<string>()
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'word' || !CAPITAL.test(token.written) || token.text === 'i' || STOP_WORDS.has(token.text)) continue
    if (token.initial && baselineIdf(stems[at] ?? '') < RARE) continue
    found.add(token.text)
  }
  return [...found].sort()
}

/** Headlines and shouting: capitals say nothing there. */
function isTitleCase(tokens: readonly Token[]): boolean {
  let words = 0
  let capitals = 0
  for (const { kind, written, initial } of tokens) {
    if (kind !== 'word' || initial || written.length < 4) continue
    words++
    if (CAPITAL.test(written)) capitals++
  }
  return words >= 3 && capitals / words > 0.8
}
