/** Whether something is an embedder. */

import { OptionError } from '../../errors.js'
import { describeValue } from '../../lib/nearest.js'
import type { Embedder } from '../ports.js'

/** Most dimensions of a vector. */
export const MAX_DIMENSIONS = 16_384

/**
 * @param option what to call it in the message: 'semantic.embedder'
 * @throws OptionError that names the first property that is wrong
 */
export function checkEmbedder(option: string, value: unknown): asserts value is Embedder {
  if (typeof value !== 'object' || value === null)
    throw wrong(option, `must be an embedder, such as createHashEmbedder(), not ${describeValue(value)}`)
  const { id, dimensions, maxBatch, cheap, calibration, embed, close } = value as Record<keyof Embedder, unknown>
  if (typeof embed !== 'function') throw wrong(`${option}.embed`, `must be a function of texts, not ${describeValue(embed)}`)
  if (typeof id !== 'string' || !EMBEDDER_ID.test(id))
    throw wrong(`${option}.id`, `must be 1 to 100 of A-Z, a-z, 0-9 and : . _ / -, not ${describeValue(id)}`)
  checkCount(`${option}.dimensions`, dimensions, MAX_DIMENSIONS)
  checkCount(`${option}.maxBatch`, maxBatch, Number.MAX_SAFE_INTEGER)
  if (cheap !== undefined && typeof cheap !== 'boolean')
    throw wrong(`${option}.cheap`, `must be true or false, not ${describeValue(cheap)}`)
  if (close !== undefined && typeof close !== 'function') throw wrong(`${option}.close`, `must be a function, not ${describeValue(close)}`)
  if (calibration !== undefined) checkCalibration(`${option}.calibration`, calibration)
}

function checkCalibration(option: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw wrong(option, `must be an object, not ${describeValue(value)}`)
  const { median, scale, threshold } = value as Record<string, unknown>
  if (!isCosine(median)) throw wrong(`${option}.median`, `must be a cosine from -1 to 1, not ${describeValue(median)}`)
  if (!isCosine(scale) || scale <= 0) throw wrong(`${option}.scale`, `must be above 0 and at most 1, not ${describeValue(scale)}`)
  if (threshold !== undefined && !isCosine(threshold))
    throw wrong(`${option}.threshold`, `must be a cosine from -1 to 1, not ${describeValue(threshold)}`)
}

function checkCount(option: string, value: unknown, largest: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= largest)) return
  throw wrong(option, `must be a whole number from 1 to ${largest}, not ${describeValue(value)}`)
}

function isCosine(value: unknown): value is number {
  return typeof value === 'number' && value >= -1 && value <= 1
}

function wrong(option: string, message: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', option, `${option} ${message}.`)
}

const EMBEDDER_ID = /^[A-Za-z0-9:._/-]{1,100}$/
