/** Globs, matched in time that grows with the text: no regular expression, so nobody's pattern can hold up the event loop. */

/** One step of a pattern: a code point, any one, any number of any, or one of (not one of) these ranges. */
type Step =
  | { readonly kind: 'literal'; readonly point: number }
  | { readonly kind: 'one' }
  | { readonly kind: 'many' }
  | { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly (readonly [first: number, last: number])[] }

/**
 * A matcher of whole texts: `*` stands for any text, `?` for one character, `[a-z_]` for one of these, `[^a-z]` for one that is none of
 * them, and `\` before a character for that character. Characters are code points; case counts. Takes at most (length of the text) *
 * (length of the pattern) steps.
 *
 * @throws RangeError for a malformed pattern (an open or empty `[`, a range that runs backwards, a `\` at the end) and one of more
 *   than 256 characters
 * @example compileGlob('user:*:[0-9]?')('user:ann:42') // true
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  const steps = parseSteps(pattern)
  return (text) => matches(steps, text)
}

/** Only the last `*` is ever gone back to: what an earlier one took could not help a later one. */
function matches(steps: readonly Step[], text: string): boolean {
  let at = 0
  let step = 0
  let starStep = -1
  let starAt = 0
  while (at < text.length) {
    const current = steps[step]
    if (current?.kind === 'many') {
      starStep = step++
      starAt = at
      continue
    }
    const point = text.codePointAt(at) as number
    if (current && accepts(current, point)) {
      at += width(point)
      step++
      continue
    }
    if (starStep === -1) return false
    starAt += width(text.codePointAt(starAt) as number)
    at = starAt
    step = starStep + 1
  }
  while (steps[step]?.kind === 'many') step++
  return step === steps.length
}

function accepts(step: Step, point: number): boolean {
  switch (step.kind) {
    case 'literal':
      return step.point === point
    case 'set':
      return step.ranges.some(([first, last]) => first <= point && point <= last) !== step.negated
    default:
      return true
  }
}

function width(point: number): number {
  return point > 0xffff ? 2 : 1
}

function parseSteps(pattern: string): readonly Step[] {
  if (pattern.length > MAX_PATTERN) throw new RangeError(`has more than ${MAX_PATTERN} characters`)
  const characters = Array.from(pattern)
  const steps: Step[] = []
  let at = 0

  /** The character at `at`, or the one that a backslash there stands before. */
  function take(): number {
    let character = characters[at++]
    if (character === '\\') character = characters[at++]
    if (character === undefined) throw new RangeError(`ends with a '\\' that nothing follows`)
    return character.codePointAt(0) as number
  }

  function takeSet(): Step {
    const negated = characters[at] === '^' || characters[at] === '!'
    if (negated) at++
    const ranges: [number, number][] = []
    while (characters[at] !== ']') {
      if (at >= characters.length) throw new RangeError(`has a '[' without a ']'`)
      const first = take()
      const isRange = characters[at] === '-' && characters[at + 1] !== undefined && characters[at + 1] !== ']'
      if (isRange) at++
      const last = isRange ? take() : first
      if (last < first) throw new RangeError('has a range that runs backwards')
      ranges.push([first, last])
    }
    at++
    if (ranges.length === 0) throw new RangeError(`has an empty '[]'`)
    return { kind: 'set', negated, ranges }
  }

  while (at < characters.length) {
    switch (characters[at]) {
      case '*':
        at++
        if (steps.at(-1)?.kind !== 'many') steps.push({ kind: 'many' })
        break
      case '?':
        at++
        steps.push({ kind: 'one' })
        break
      case '[':
        at++
        steps.push(takeSet())
        break
      default:
        steps.push({ kind: 'literal', point: take() })
    }
  }
  return steps
}

const MAX_PATTERN = 256
