/** Numbers of a text in one canonical form: 12k = 12000, 'two' = 2, 90 minutes = 1.5 hours, May 5th = 5 May. */

import { AFTER_VERSION, BEFORE_PRONOUN, BEFORE_ROMAN, MONTHS, MULTIPLES, OFTEN, ORDINALS, PERIODS, ROMAN, SMALL } from './number-words.js'
import type { Token } from './scan.js'
import { ATTACHED_ONLY, CURRENCIES, MAGNITUDES, UNITS } from './units.js'

export type QuantityKind = 'number' | 'measure' | 'money' | 'date' | 'time' | 'version'

export interface Quantity {
  readonly kind: QuantityKind
  /** Equal for equal quantities, whatever their units: '5400 time', '5 usd', '2024-05-01', '1.2.3'. */
  readonly key: string
  /** The figure as written, without its unit: compared where one side names no unit. */
  readonly figure: string
  /** Index of its first token. */
  readonly at: number
  /** Tokens that it takes. */
  readonly length: number
}

/** More than these of one text are counted, not compared. */
const MOST = 200
const PARTS = /^([-+]?)([$€£¥₹₩₽₿]?)([-+]?)(\d[\d,]*(?:\.\d+)?|\.\d+)(e[-+]?\d+)?(.*)$/
const VERSION = /^v(\d+(?:\.\d+)*(?:-[\w.]+)?)$|^(\d+(?:\.\d+){2,}(?:-[\w.]+)?)$/
const ISO_DATE = /^(\d{4})-(\d{1,2})(?:-(\d{1,2}))?(?:t.*)?$/
const SLASHED = /^(\d{1,4})[/.-](\d{1,2})[/.-](\d{2,4})$/
const CLOCK = /^(\d{1,2})(?::(\d{2}))(?::\d{2})?([ap])?\.?m?\.?$/
const HOUR = /^(\d{1,2})([ap])\.?m\.?$/
const FRACTION = /^(\d{1,4})\/(\d{1,4})$/
const RANGE = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)([a-z%]*)$/
const MERIDIEM = /^([ap])\.?m\.?$/

interface Figure {
  readonly value: number
  readonly unit: string
  readonly ordinal: boolean
  /** Tokens that it took. */
  readonly length: number
}

/**
 * The quantities of a text in their order, at most 200 of them.
 *
 * @param english whether number words are read
 */
export function quantitiesOf(tokens: readonly Token[], english: boolean): readonly Quantity[] {
  const found: Quantity[] = []
  for (let at = 0; at < tokens.length && found.length < MOST; ) {
    const token = tokens[at] as Token
    const before = found.length
    const length =
      token.kind === 'number' ? addFigures(found, tokens, at) : english && token.kind === 'word' ? addWords(found, tokens, at) : 1
    for (let index = before; index < found.length; index++) found[index] = { ...(found[index] as Quantity), length }
    at += length
  }
  return found
}

/** Adds what the token at `at` says and returns how many tokens that took. */
function addFigures(found: Quantity[], tokens: readonly Token[], at: number): number {
  const text = textAt(tokens, at)
  const version = VERSION.exec(text) ?? (AFTER_VERSION.has(textAt(tokens, at - 1)) ? /^(\d+(?:\.\d+)+)$/.exec(text) : null)
  if (version) return add(found, 'version', version[1] ?? version[2] ?? text, version[1] ?? text, at)
  const iso = ISO_DATE.exec(text)
  if (iso && Number(iso[2]) <= 12 && Number(iso[2]) > 0)
    return add(found, 'date', dateKey(Number(iso[1]), Number(iso[2]), iso[3] === undefined ? undefined : Number(iso[3])), text, at)
  const slashed = SLASHED.exec(text)
  if (slashed) return add(found, 'date', slashedKey(slashed), text, at)
  const hour = HOUR.exec(text)
  if (hour) return add(found, 'time', timeKey(Number(hour[1]), 0, hour[2]), hour[1] ?? text, at)
  const clock = CLOCK.exec(text)
  if (clock) {
    const half = clock[3] ?? MERIDIEM.exec(textAt(tokens, at + 1))?.[1]
    return (
      add(found, 'time', timeKey(Number(clock[1]), Number(clock[2]), half), text, at) +
      (half !== undefined && clock[3] === undefined ? 1 : 0)
    )
  }
  const fraction = FRACTION.exec(text)
  if (fraction && Number(fraction[2]) > 0) return add(found, 'number', figureOf(Number(fraction[1]) / Number(fraction[2])), text, at)
  const range = RANGE.exec(text)
  if (range) {
    addFigure(found, tokens, at, { value: Number(range[1]), unit: range[3] ?? '', ordinal: false, length: 1 })
    return addFigure(found, tokens, at, { value: Number(range[2]), unit: range[3] ?? '', ordinal: false, length: 1 })
  }
  const parts = PARTS.exec(text)
  if (!parts) return add(found, 'number', text, text, at)
  const [, outer, currency = '', inner, digits = '', exponent = '', ending = ''] = parts
  const value = Number(`${digits.replaceAll(',', '')}${exponent}`) * (outer === '-' || inner === '-' ? -1 : 1)
  const ordinal = /^(?:st|nd|rd|th)$/.test(ending)
  return addFigure(
    found,
    tokens,
    at,
    { value, unit: currency || (ordinal ? '' : ending), ordinal, length: 1 },
    currency === '' ? '' : ending,
  )
}

function addWords(found: Quantity[], tokens: readonly Token[], at: number): number {
  const figure = wordFigure(tokens, at)
  if (figure === undefined) {
    const month = MONTHS.get(textAt(tokens, at))
    return month === undefined ? 1 : addMonth(found, tokens, at, month)
  }
  const minutes = wordFigure(tokens, at + figure.length)
  const half = minutes && MERIDIEM.exec(textAt(tokens, at + figure.length + minutes.length))
  // 'six thirty am'
  if (minutes && half && figure.value <= 12 && minutes.value < 60)
    return add(found, 'time', timeKey(figure.value, minutes.value, half[1]), figureOf(figure.value), at) + figure.length + minutes.length
  return addFigure(found, tokens, at, figure)
}

/** A number in words that begins at `at`: 'two hundred and forty five', 'twenty-first', 'half'. */
function wordFigure(tokens: readonly Token[], at: number): Figure | undefined {
  const first = textAt(tokens, at)
  let total = 0
  let part = SMALL.get(first)
  let length = 1
  if (part === undefined) {
    const ordinal = ORDINALS.get(first)
    if (ordinal !== undefined) return isUnitSecond(tokens, at) ? undefined : { value: ordinal, unit: '', ordinal: true, length }
    const roman = romanFigure(tokens, at)
    if (roman !== undefined) return { value: roman, unit: '', ordinal: false, length }
    if (isPeriod(tokens, at)) part = 1
    else if ((first === 'a' || first === 'an') && (MAGNITUDES.has(textAt(tokens, at + 1)) || MULTIPLES.get(textAt(tokens, at + 1)) === 12))
      part = 1
    else {
      const multiple = MULTIPLES.get(first)
      return multiple === undefined ? undefined : { value: multiple, unit: '', ordinal: false, length }
    }
  } else if (part === 1 && isPronoun(tokens, at)) return undefined
  for (let next = at + length; next < tokens.length && length < 12; next = at + length) {
    const word = textAt(tokens, next)
    const small = SMALL.get(word)
    const magnitude = word.length > 1 ? MAGNITUDES.get(word) : undefined
    if (magnitude !== undefined) {
      if (magnitude === 100) part = (part || 1) * 100
      else {
        total += (part || 1) * magnitude
        part = 0
      }
    } else if (small !== undefined && small < 10 && part % 100 >= 20 && part % 10 === 0) part += small
    else if (small !== undefined && (part === 0 ? total > 0 : part % 100 === 0)) part += small
    else if (word === 'and' && (part % 100 === 0 || part === 0) && part + total >= 100 && SMALL.has(textAt(tokens, next + 1))) {
      length++
      continue
    } else {
      const ordinal = ORDINALS.get(word)
      if (ordinal === undefined || ordinal >= 10 || part % 100 < 20 || part % 10 !== 0) break
      return { value: total + part + ordinal, unit: '', ordinal: true, length: length + 1 }
    }
    length++
  }
  return { value: total + part, unit: '', ordinal: false, length }
}

/** 'World War II', 'type ii diabetes', 'World War I'. */
function romanFigure(tokens: readonly Token[], at: number): number | undefined {
  const token = tokens[at]
  if (token === undefined) return undefined
  const { text, written } = token
  if (text === 'i') return BEFORE_ROMAN.has(textAt(tokens, at - 1)) ? 1 : undefined
  const value = ROMAN.get(text)
  const isPlain = /^(?:ii|iii|vii|viii|xii|xiii|xvi+)$/.test(text)
  return value !== undefined && (isPlain || BEFORE_ROMAN.has(textAt(tokens, at - 1)) || (text.length > 1 && written === text.toUpperCase()))
    ? value
    : undefined
}

/** 'An hour', 'a mile' are one of them; in 'twice a day', 'hours a week' they say how often. */
function isPeriod(tokens: readonly Token[], at: number): boolean {
  const first = textAt(tokens, at)
  if ((first !== 'a' && first !== 'an') || !PERIODS.has(textAt(tokens, at + 1))) return false
  const before = textAt(tokens, at - 1)
  return !(tokens[at - 1]?.kind === 'number' || UNITS.has(before) || CURRENCIES.has(before) || OFTEN.has(before))
}

/** 'a second', '30 second video', 'per second': a unit, and not what comes after the first. */
function isUnitSecond(tokens: readonly Token[], at: number): boolean {
  if (textAt(tokens, at) !== 'second') return false
  const before = textAt(tokens, at - 1)
  return before === 'per' || before === 'a' || before === 'each' || tokens[at - 1]?.kind === 'number'
}

function isPronoun(tokens: readonly Token[], at: number): boolean {
  const before = textAt(tokens, at - 1)
  const after = textAt(tokens, at + 1)
  if (BEFORE_PRONOUN.has(before)) return true
  return !(UNITS.has(after) || CURRENCIES.has(after) || MAGNITUDES.has(after) || after === 'and' || SMALL.has(after))
}

function addFigure(found: Quantity[], tokens: readonly Token[], at: number, figure: Figure, attached = ''): number {
  let { value, unit, length } = figure
  let named = unit
  const scale = (word: string): boolean => {
    const magnitude = word === 'b' || word === 'm' ? { b: 1e9, m: 1e6 }[word] : MAGNITUDES.get(word)
    if (magnitude !== undefined) value *= magnitude
    return magnitude !== undefined
  }
  if (attached !== '') scale(attached)
  else if (named === 'k' || (named.length > 1 && MAGNITUDES.has(named)) || named === 'b') {
    scale(named)
    named = ''
  }
  const following = textAt(tokens, at + length)
  if (following.length > 1 && MAGNITUDES.has(following) && tokens[at + length]?.kind === 'word') {
    scale(following)
    length++
  }
  if (named === '' || CURRENCIES.has(named)) {
    let next = textAt(tokens, at + length)
    // 'half an hour'
    if (value === 0.5 && (next === 'an' || next === 'a')) next = textAt(tokens, ++length + at)
    const month = MONTHS.get(next)
    if (named === '' && month !== undefined && value >= 1 && value <= 31 && Number.isInteger(value))
      return addDay(found, tokens, at, length, value, month)
    const half = named === '' && MERIDIEM.exec(next)
    if (half && value <= 12) return add(found, 'time', timeKey(value, 0, half[1]), figureOf(value), at) + length
    if (named === '' && !figure.ordinal && isUnit(next)) {
      named = next
      length++
      const scaleName = textAt(tokens, at + length)
      if (next.startsWith('deg') && (scaleName === 'celsius' || scaleName === 'fahrenheit' || scaleName === 'c' || scaleName === 'f')) {
        named = scaleName
        length++
      }
    }
  }
  const currency = CURRENCIES.get(named)
  const text = figureOf(value)
  if (currency !== undefined) add(found, 'money', `${text} ${currency}`, text, at)
  else {
    const measured = UNITS.get(named)
    if (measured === undefined)
      add(found, 'number', named === '' || named === 'th' ? plainKey(textAt(tokens, at), text) : `${text} ${named}`, text, at)
    else add(found, 'measure', `${figureOf(value * measured.factor + (measured.offset ?? 0))} ${measured.dimension}`, text, at)
  }
  return length
}

/** 'Python 3.10' is not 'Python 3.1'. */
function plainKey(written: string, figure: string): string {
  return /^\d+\.\d+0$/.test(written) ? written : figure
}

function isUnit(word: string): boolean {
  return (UNITS.has(word) || CURRENCIES.has(word)) && !ATTACHED_ONLY.has(word)
}

/** 'May 5th, 2024', 'May 2024'. A month without figures is a word like others. */
function addMonth(found: Quantity[], tokens: readonly Token[], at: number, month: number): number {
  const next = tokens[at + 1]
  if (next?.kind !== 'number' && !(next && ORDINALS.has(next.text))) return 1
  const figure = next.kind === 'number' ? Number(/^(\d+)(?:st|nd|rd|th)?$/.exec(next.text)?.[1] ?? Number.NaN) : ORDINALS.get(next.text)
  if (figure === undefined || Number.isNaN(figure)) return 1
  if (figure >= 1000 && figure < 3000) return add(found, 'date', dateKey(figure, month, undefined), String(figure), at) + 1
  if (figure < 1 || figure > 31) return 1
  return addDay(found, tokens, at, 2, figure, month)
}

function addDay(found: Quantity[], tokens: readonly Token[], at: number, length: number, day: number, month: number): number {
  const after = length + (MONTHS.has(textAt(tokens, at + length)) ? 1 : 0)
  const year = /^[12]\d{3}$/.exec(textAt(tokens, at + after))
  add(found, 'date', dateKey(year ? Number(year[0]) : undefined, month, day), String(day), at)
  return after + (year ? 1 : 0)
}

function slashedKey([, first = '', second = '', third = '']: RegExpExecArray): string {
  if (first.length > 2) return dateKey(Number(first), Number(second), Number(third))
  const year = third.length === 2 ? 2000 + Number(third) : Number(third)
  return Number(first) > 12 ? dateKey(year, Number(second), Number(first)) : dateKey(year, Number(first), Number(second))
}

/** `yyyy-mm-dd`, with `*` for what is not said. */
function dateKey(year: number | undefined, month: number, day: number | undefined): string {
  return `${year ?? '*'}-${month}-${day ?? '*'}`
}

function timeKey(hour: number, minute: number, half: string | undefined): string {
  const hours = half === undefined ? hour : (hour % 12) + (half === 'p' ? 12 : 0)
  return `${hours}:${minute}`
}

/** Six digits are as much as anyone means. */
function figureOf(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : String(Number(value.toPrecision(6)))
}

function add(found: Quantity[], kind: QuantityKind, key: string, figure: string, at: number): number {
  found.push({ kind, key, figure, at, length: 1 })
  return 1
}

function textAt(tokens: readonly Token[], at: number): string {
  return tokens[at]?.text ?? ''
}
