/** Compares answers that are JSON: classifications, extractions, arguments of tools. */

import type { Judge } from '../ports.js'
import { plainText } from './plain-text.js'

/**
 * For two answers in JSON. 'same' where they are deeply equal: the order of keys does not matter, that of arrays does, texts are
 * compared as `equalJudge` does, and a text that is JSON itself (arguments of a tool) as JSON. 'different' where a number, a boolean or
 * a single word stands against another in the same place. Where prose differs, or members are missing, it cannot tell; nor where
 * more than 20,000 values, or texts of more than 200,000 characters that are not equal to the letter, had to be compared.
 */
export const structureJudge: Judge = {
  name: 'structure',
  judge({ answers: [a, b] }) {
    if (a.json === undefined || b.json === undefined) return undefined
    const comparison = compare(a.json, b.json, 0, { nodes: MAX_NODES, characters: MAX_CHARACTERS })
    return comparison === 'unclear' ? undefined : comparison
  },
}

/** `unclear`: not equal, but perhaps in other words. */
type Comparison = 'same' | 'different' | 'unclear'

/** What is left of it: all is compared in one go, and nothing else happens meanwhile. */
interface Budget {
  nodes: number
  /** Of texts to be normalised. */
  characters: number
}

function compare(a: unknown, b: unknown, depth: number, budget: Budget): Comparison {
  budget.nodes -= 1
  if (depth > MAX_DEPTH || budget.nodes < 0) return 'unclear'
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b, depth, budget)
  if (typeof a === 'number' && typeof b === 'number') return isClose(a, b) ? 'same' : 'different'
  if (typeof a === 'boolean' && typeof b === 'boolean') return a === b ? 'same' : 'different'
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(a, b, depth, budget)
  if (isObject(a) && isObject(b)) return compareObjects(a, b, depth, budget)
  return a === b ? 'same' : 'unclear'
}

/** A difference that is sure outweighs one that is not. */
function worse(known: Comparison, found: Comparison): Comparison {
  if (known === 'different' || found === 'different') return 'different'
  return known === 'unclear' ? known : found
}

function compareLists(a: readonly unknown[], b: readonly unknown[], depth: number, budget: Budget): Comparison {
  // The items beside each other need not be those that belong together.
  if (a.length !== b.length) return 'unclear'
  let result: Comparison = 'same'
  for (let index = 0; index < a.length && result !== 'different'; index += 1)
    result = worse(result, compare(a[index], b[index], depth + 1, budget))
  // Lists of words may be in another order, and still say the same.
  return result === 'different' && a.every(isWord) ? 'unclear' : result
}

function compareObjects(a: JsonRecord, b: JsonRecord, depth: number, budget: Budget): Comparison {
  const names = Object.keys(a)
  let result: Comparison = names.length === Object.keys(b).length ? 'same' : 'unclear'
  for (const name of names) {
    if (result === 'different') return result
    if (!Object.hasOwn(b, name)) result = 'unclear'
    else {
      const found = compare(a[name], b[name], depth + 1, budget)
      result = worse(result, found === 'different' && VAGUE.test(name) ? 'unclear' : found)
    }
  }
  return result
}

function compareTexts(a: string, b: string, depth: number, budget: Budget): Comparison {
  if (a === b) return 'same'
  budget.characters -= a.length + b.length
  if (budget.characters < 0) return 'unclear'
  const [left, right] = [embedded(a), embedded(b)]
  if (left !== undefined && right !== undefined) return compare(left, right, depth + 1, budget)
  if (plainText(a) === plainText(b)) return 'same'
  return isWord(a) && isWord(b) ? 'different' : 'unclear'
}

/** Calculated twice, the last digits of a fraction may differ. */
function isClose(a: number, b: number): boolean {
  if (a === b || Number.isInteger(a) || Number.isInteger(b)) return a === b
  return Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b))
}

/** A label of an enumeration rather than prose: one word, of whatever alphabet has spaces. */
function isWord(value: unknown): boolean {
  return typeof value === 'string' && value.length <= MAX_WORD && WORD.test(value)
}

/** Arguments of tools are JSON in a string. */
function embedded(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

interface JsonRecord {
  readonly [name: string]: unknown
}

function isObject(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const MAX_DEPTH = 100
const MAX_NODES = 20_000
/** Some 20 ms. */
const MAX_CHARACTERS = 200_000
const MAX_WORD = 40
const WORD = /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}_.:/+-]+$/u
/** How sure the model says it is varies from call to call, whatever it says. */
const VAGUE = /^(?:confidence|score|probability|certainty|relevance|.*(?:_score|Score|_confidence|Confidence))$/
