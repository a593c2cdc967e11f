/** A judge of the app's own. */

import { wrongValue } from '../../checks.js'
import type { Judge } from '../ports.js'

/**
 * A judge made of a function, which may know what is right in its domain: compare amounts, look up articles, ask a person.
 *
 * @param name 1 to 40 of a-z, 0-9 and hyphens, beginning with a letter; a label in events and statistics
 * @throws OptionError for another name, or where `judge` is no function
 * @example
 * functionJudge('amounts', ({ answers: [a, b] }) => (amountIn(a.text) === amountIn(b.text) ? undefined : 'different'))
 */
export function functionJudge(name: string, judge: Judge['judge']): Judge {
  if (typeof name !== 'string' || !NAME.test(name))
    throw wrongValue('name', name, '1 to 40 of a-z, 0-9 and hyphens and begin with a letter')
  if (typeof judge !== 'function') throw wrongValue('judge', judge, 'a function')
  return { name, judge: (judgement) => judge(judgement) }
}

const NAME = /^[a-z][a-z0-9-]{0,39}$/
