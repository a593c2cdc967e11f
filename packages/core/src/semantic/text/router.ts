/** Prompts whose answer of yesterday is no answer today, is someone's own, or does something. */

import type { TextProfile } from './profile.js'

export type FreshReason =
  /** About now: weather, prices, news, the time. */
  | 'fresh'
  /** Asks the app to do something. */
  | 'action'
  /** About the state of the asker's own account. */
  | 'personal'

/** Undefined: an answer given before may do. The option `router`. */
export type Router = (profile: TextProfile) => FreshReason | undefined

/** What is different at every asking. */
const FRESH: readonly RegExp[] = [
  /\b(?:latest|breaking|today's|tonight's|tomorrow's|current|live|real[- ]?time) (?:\w+ ){0,2}(?:prices?|weather|temperature|time|date|rates?|scores?|traffic|news|headlines?|forecast|standings?|events?|results?|value|version|release)\b/,
  /\bwhat(?:'s| is)? (?:the )?(?:exact |local )?(?:time|date|day)(?: is it| is today| in | at | today| now|\?|$)/,
  /\b(?:weather|forecast) (?:in|for|at|like|today|tonight|tomorrow|outside|now|this)\b|\b(?:how|what)(?:'s| is) the (?:weather|traffic)\b/,
  /\b(?:is|will) it (?:be |going to (?:be )?)?(?:rain|snow|raining|snowing|sunny|cloudy|windy)\b/,
  /\b(?:stock|share) price of\b|\b(?:news|headlines) (?:about|from|on|of|today)\b|\btraffic (?:on|in|like|report|conditions|right now|today)\b/,
]
/** Words for now: they make a question one about today, unless someone tells what happened to them. */
const NOW =
  /\b(?:right now|currently|at the moment|at present|as of (?:today|now)|today|tonight|tomorrow|this (?:week|month|weekend)|these days|up[- ]to[- ]date)\b/
const FIRST_PERSON = /\b(?:i|i'm|i've|i'd|my|me|mine|we|our|us)\b/
const PERSONAL: readonly RegExp[] = [
  /\b(?:what(?:'s| is| was)|show|check|tell me|see|view|how much (?:is|money|do i have)) (?:me )?(?:in |on |about )?my (?:\w+ ){0,2}(?:balance|status|spending|transactions?|statement|usage|bill|points|miles|score|schedule|calendar|appointments?|reservations?|orders?)\b/,
  /\bhow much (?:money )?(?:do|did|have) i (?:have|owe|spend|spent|left)\b/,
  /\bwhere(?:'s| is) my (?:\w+ )?(?:order|package|parcel|delivery|refund)\b/,
  /\bwhat(?:'s| is| are) (?:on |in )?my (?:agenda|calendar|schedule|to-?do list|shopping list|reminders?|meetings?)\b/,
]
const ACTIONS =
  'send|delete|remove|book|reserve|transfer|buy|order|purchase|cancel|schedule|remind|play|pause|turn|switch|set|call|text|email|post|tweet|pay|add|create|open|close|start|stop|mute|unmute|subscribe|unsubscribe|upload|download|move|rename|freeze|unfreeze|lock|unlock|dim|wake|snooze|skip|shuffle'
/** An order to act on something of the asker's or on a device: 'send an email to bob', 'book me a flight', 'turn off the lights'. */
const ACTION = new RegExp(
  `^(?:(?:please|kindly|hey|hi|hello|ok|okay|can you|could you|would you|will you|i want you to|i need you to|go ahead and|just)[ ,]+)*(?:${ACTIONS})\\b(?=.* (?:my|me|the|an?|this|that|to|on|off|up|down|from|for|at)\\b)`,
)
/** Of a text no more than this is read. */
const READ = 300

/**
 * The stricter router, for apps whose model acts or looks things up: the first reason that applies, in the order personal, action, fresh.
 * English.
 *
 * @example createLlmCache({ strategy: 'hybrid', semantic: { router: asksForFresh } })
 */
export const asksForFresh: Router = (profile) => {
  if (!profile.english) return undefined
  const text = profile.text.slice(0, READ)
  if (PERSONAL.some((pattern) => pattern.test(text))) return 'personal'
  if (ACTION.test(text)) return 'action'
  return DEFAULT_ROUTER(profile)
}

/** The router where the app brings none: 'fresh' alone. English. */
export const DEFAULT_ROUTER: Router = (profile) => {
  const text = profile.text.slice(0, READ)
  if (!profile.english) return undefined
  return FRESH.some((pattern) => pattern.test(text)) || (NOW.test(text) && !FIRST_PERSON.test(text)) ? 'fresh' : undefined
}
