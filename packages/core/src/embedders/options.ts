/** Options that embedders share. All throw OptionError. */

import { OptionError } from '../errors.js'
import { describeValue } from '../lib/nearest.js'

/** `value` where it is text, `usual` where it is left out. */
export function textOf(option: string, value: unknown, usual?: string): string {
  const text = value ?? usual
  if (typeof text === 'string' && text !== '') return text
  throw new OptionError('ERR_OPTION_INVALID', option, `${option} must be text that is not empty, not ${describeValue(value)}.`)
}

/** The address of a service without its last slash. */
export function addressOf(option: string, value: unknown, usual?: string): string {
  const text = textOf(option, value, usual)
  if (/^https?:$/.test(protocolOf(text))) return text.replace(/\/+$/, '')
  throw new OptionError('ERR_OPTION_INVALID', option, `${option} must be an address such as 'http://127.0.0.1:11434'.`)
}

function protocolOf(text: string): string {
  try {
    return new URL(text).protocol
  } catch {
    return ''
  }
}
