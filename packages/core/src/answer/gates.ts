/** The gates that every provider's answer passes, in the order of how much a reason tells. */

import type { SkipReason } from '../events.js'
import { parseJson } from './json.js'
import type { Choice, Reading } from './reading.js'

export interface GateOptions {
  readonly expectsJson: boolean
  readonly allowToolCalls: boolean
}

/** Why `reading` must not be stored; undefined when it may be. Every choice has to be good, not only the first. */
export function gate(reading: Reading, options: GateOptions): SkipReason | undefined {
  if (reading.fault) return reading.fault
  if (!reading.terminal) return 'no-terminal-marker'
  if (reading.choices.length === 0) return 'empty'
  for (const choice of reading.choices) {
    const reason = gateChoice(choice, options)
    if (reason) return reason
  }
  return undefined
}

function gateChoice(choice: Choice, { expectsJson, allowToolCalls }: GateOptions): SkipReason | undefined {
  const { finish } = choice
  if (finish === undefined) return 'no-terminal-marker'
  if (finish !== 'done' && finish !== 'tool-calls') return finish
  if (choice.refusal) return 'finish-refusal'
  if ((finish === 'tool-calls' || choice.toolCall) && !allowToolCalls) return 'tool-calls'
  const blank = choice.text.trim() === ''
  if (blank) return choice.toolCall || choice.otherContent ? undefined : 'empty'
  return expectsJson && parseJson(choice.text) === undefined ? 'schema-mismatch' : undefined
}
