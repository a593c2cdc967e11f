// Seeded logs of what users ask: morning routines, chains of follow-up questions, favourites, and what nobody could foresee.

import { seeded } from './trace.mjs'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * @typedef {object} Habits
 * @property {number} users
 * @property {number} days
 * @property {number} routine questions of the morning routine; 0: none
 * @property {number} keeps probability that a question of the routine is asked on a day, each by itself
 * @property {number} chains chains of three questions that a user has; about three are begun a day; 0: none
 * @property {number} follows probability that the next question of a chain follows
 * @property {number} favourites questions asked at random times, one of them about four times a day; 0: none
 * @property {number} once questions a day that are never asked again
 * @property {number} [chanceFrom] from this share of the days on the same questions come as often, but each at a random time of a random day
 */

/** The log in the order of time: `{ at, user, prompt }`, `at` in ms since a Monday's midnight. */
export function createLog(habits, seed) {
  const log = []
  for (let user = 0; user < habits.users; user++) addUser(log, habits, user, seeded(Math.imul(user + 1, 0x9e3779b1) ^ seed))
  if (habits.chanceFrom !== undefined) scatter(log, habits.chanceFrom * habits.days * DAY, habits.days * DAY, seeded(seed))
  return log.sort((a, b) => a.at - b.at)
}

function scatter(log, from, to, random) {
  for (const asked of log) if (asked.at >= from) asked.at = Math.round(from + random() * (to - from))
}

function addUser(log, { days, routine, keeps, chains, follows, favourites, once }, user, random) {
  const between = (least, most) => least + random() * (most - least)
  const morning = between(7, 10) * HOUR
  let asked = 0
  const ask = (at, prompt) => log.push({ at: Math.round(at), user, prompt: `${user}/${prompt}` })
  const never = (at) => ask(at, `once ${asked++}`)

  for (let day = 0; day < days; day++) {
    const weekend = day % 7 >= 5
    if (random() < (weekend ? 0.8 : 0.1)) continue
    const midnight = day * DAY
    if (!weekend) {
      let at = midnight + morning + between(-15, 15) * MINUTE
      for (let question = 0; question < routine; question++) {
        if (random() >= keeps) continue
        at += between(20_000, 3 * MINUTE)
        ask(at, `routine ${question}`)
        if (random() < 0.15) {
          at += between(10_000, MINUTE)
          never(at)
        }
      }
    }
    for (let begun = 0; chains > 0 && begun < 3; begun++) {
      const chain = Math.floor(random() * chains)
      let at = midnight + between(10.5, 18) * HOUR
      for (let question = 0; question < 3; question++) {
        ask(at, `chain ${chain}.${question}`)
        if (random() >= follows) break
        at += between(15_000, 2 * MINUTE)
        if (random() < 0.15) never(at - 5000)
      }
    }
    for (let favourite = 0; favourites > 0 && favourite < 4; favourite++) {
      ask(midnight + between(8, 19) * HOUR, `favourite ${Math.floor(random() * favourites)}`)
    }
    for (let question = 0; question < once; question++) never(midnight + between(8, 19) * HOUR)
  }
}
