/** Whether something is an embedder. */

import { booleanOf, countOf, functionOf, wrongValue } from '../../checks.js'
import type { Embedder } from '../ports.js'

/** Most dimensions of a vector. */
export const MAX_DIMENSIONS = 16_384

/**
 * @param option what to call it in the message: 'semantic.embedder'
 * @throws OptionError that names the first property that is wrong
 */
export function checkEmbedder(option: string, value: unknown): asserts value is Embedder {
  if (typeof value !== 'object' || value === null) throw wrongValue(option, value, 'an embedder, such as createHashEmbedder()')
  const { id, dimensions, maxBatch, cheap, calibration, embed, close } = value as Record<keyof Embedder, unknown>
  if (typeof embed !== 'function') throw wrongValue(`${option}.embed`, embed, 'a function of texts')
  if (typeof id !== 'string' || !EMBEDDER_ID.test(id)) throw wrongValue(`${option}.id`, id, '1 to 100 of A-Z, a-z, 0-9 and : . _ / -')
  countOf(`${option}.dimensions`, dimensions, 1, 1, MAX_DIMENSIONS)
  countOf(`${option}.maxBatch`, maxBatch, 1)
  booleanOf(`${option}.cheap`, cheap, false)
  functionOf(`${option}.close`, close)
  if (calibration !== undefined) checkCalibration(`${option}.calibration`, calibration)
}

function checkCalibration(option: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw wrongValue(option, value, 'an object')
  const { median, scale, threshold } = value as Record<string, unknown>
  if (!isCosine(median)) throw wrongValue(`${option}.median`, median, 'a cosine from -1 to 1')
  if (!isCosine(scale) || scale <= 0) throw wrongValue(`${option}.scale`, scale, 'above 0 and at most 1')
  if (threshold !== undefined && !isCosine(threshold)) throw wrongValue(`${option}.threshold`, threshold, 'a cosine from -1 to 1')
}

function isCosine(value: unknown): value is number {
  return typeof value === 'number' && value >= -1 && value <= 1
}

const EMBEDDER_ID = /^[A-Za-z0-9:._/-]{1,100}$/
