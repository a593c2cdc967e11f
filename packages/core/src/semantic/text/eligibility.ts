/** Which texts may be matched at all. */

import type { TextProfile } from './profile.js'

export type IneligibleReason =
  /** Fewer words that say something than `minTokens`. */
  | 'too-few-words'
  /** More than 4000 characters. */
  | 'too-long'
  /** Nothing but a pointer to what was said before: 'tell me more', 'what about it'. */
  | 'deictic'

/** @default of the option `minTokens` */
export const MIN_TOKENS = 3

const POINTING: ReadonlySet<string> = new Set(
  `continue go on more again yes no ok okay sure yep nope next previous retry redo elaborate expand shorten shorter longer simplify rephrase
  above below former latter first second last one that this it those these them same other another too also instead else
  please thanks thank great good nice cool perfect explain tell me why how what about and so then further detail details
  do does did can could would you i we is are was make give show try keep going say write again rewrite fix better why not
  the a an of for with in to your my us be it's part point points version answer response example examples`.split(/\s+/),
)

/** Undefined where it may be matched. @param minTokens words that say something (question words among them) */
export function matchable(profile: TextProfile, minTokens: number = MIN_TOKENS): IneligibleReason | undefined {
  if (profile.tooLong) return 'too-long'
  if (profile.contentTokens < minTokens) return 'too-few-words'
  return profile.english && profile.tokens.every((token) => POINTING.has(token)) ? 'deictic' : undefined
}
