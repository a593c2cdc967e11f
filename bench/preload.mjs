// How well preloading foresees what users ask, what it brings and what it costs, on seeded logs. See findings.md for the method.
//
//   npm run bench -- preload [--users=200] [--days=14] [--seed=1] [--model=gpt-4o] [--usd-per-hour=1]

import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { createLog } from './lib/habits.mjs'
import { FOLLOWERS, NOBODY, POPULAR, replay } from './lib/preloading.mjs'
import { table } from './lib/rounds.mjs'

process.env.TZ = 'UTC'
const { values: args } = parseArgs({
  options: {
    users: { type: 'string', default: '200' },
    days: { type: 'string', default: '14' },
    seed: { type: 'string', default: '1' },
    model: { type: 'string', default: 'gpt-4o' },
    'usd-per-hour': { type: 'string', default: '1' },
    preload: { type: 'string', default: '{}' },
    log: { type: 'string', default: '' },
    by: { type: 'string', default: '' },
    core: { type: 'string', default: new URL('../packages/core/dist/', import.meta.url).pathname },
  },
})
const { createLlmCache } = await import(pathToFileURL(`${args.core}index.js`).href)
const { createManualClock } = await import(pathToFileURL(`${args.core}testing/index.js`).href)

/** The option's default. */
const USD_PER_SECOND = 0.001
const users = Number(args.users)
const days = Number(args.days)
const seed = Number(args.seed)
const usdPerHour = Number(args['usd-per-hour'])
const all = { users, days, routine: 6, keeps: 0.85, chains: 4, follows: 0.7, favourites: 5, once: 5 }
const none = { ...all, routine: 0, chains: 0, favourites: 0 }
const LOGS = {
  'all habits': all,
  'routines only': { ...none, routine: 6 },
  'chains only': { ...none, chains: 4 },
  'favourites only': { ...none, favourites: 5, once: 5 },
  'noise only': { ...none, once: 20 },
  'habits, then chance': { ...all, chanceFrom: 0.5 },
}

const rows = [['log', 'preloads by', 'sent', 'precision', 'recall', 'faster', 'wait', 'USD', 'wasted', 'worth', 'USD/h most']]
const results = []
for (const [name, habits] of Object.entries(LOGS)) {
  if (!name.startsWith(args.log)) continue
  const log = createLog(habits, seed)
  const world = { createLlmCache, createManualClock, log, model: args.model, seed }
  const nobody = await replay(world, NOBODY)
  for (const [who, options] of Object.entries({
    'the cache': { preload: { usdPerHour, ...JSON.parse(args.preload) } },
    followers: FOLLOWERS,
    popular: POPULAR,
  })) {
    if (!who.startsWith(args.by)) continue
    const run = await replay(world, options)
    const faster = run.waits.filter((wait, at) => wait < nobody.waits[at]).length
    const misses = nobody.waits.filter((wait) => wait > 0).length
    const result = {
      log: name,
      by: who,
      requests: log.length,
      sent: run.sent,
      precision: share(run.used, run.used + run.wasted),
      recall: share(run.used, misses),
      faster: share(faster, log.length),
      wait: share(sum(run.waits), sum(nobody.waits)),
      usd: round(run.usd),
      wastedUsd: round(run.usd - run.usedUsd),
      worthUsd: round(((sum(nobody.waits) - sum(run.waits)) / 1000) * USD_PER_SECOND - (run.usd - run.usedUsd)),
      usdOfAll: round(nobody.originUsd),
      mostUsdInAnHour: round(run.mostUsdInAnHour),
      dearestUsd: round(run.dearestUsd),
      sources: run.sources,
      switched: run.switched,
    }
    results.push(result)
    const { sent, precision, recall, faster: quicker, wait, usd, wastedUsd, worthUsd, mostUsdInAnHour: most } = result
    rows.push([name, who, sent, precision, recall, quicker, wait, usd, wastedUsd, worthUsd, most].map(String))
    if (run.us) result.us = round(run.us)
  }
}
console.log(`${users} users, ${days} days, seed ${seed}, ${args.model}. recall: share of what was not in the cache without preloading;`)
console.log('faster: share of all requests; wait: time that users wait for the model, as a share of that without preloading;')
console.log(`worth: that time at ${USD_PER_SECOND} USD a second, less what was wasted\n`)
console.log(table(rows))
const own = results.filter(({ by }) => by === 'the cache')
console.log(
  `RESULT ${JSON.stringify({
    bench: 'preload',
    users,
    days,
    seed,
    model: args.model,
    usdPerHour,
    // What a request costs is known once it is over: two are under way at the most.
    budgetKept: own.every((result) => result.mostUsdInAnHour <= usdPerHour + 2 * result.dearestUsd),
    offAfterHabitsEnd: own
      .filter(({ log }) => log === 'habits, then chance')
      .every(({ sources }) => Object.values(sources).every(({ on }) => !on)),
    quietOnNoise: own.filter(({ log }) => log === 'noise only').every(({ sources }) => Object.values(sources).every(({ on }) => !on)),
    results,
  })}`,
)

function share(part, whole) {
  return whole === 0 ? 0 : round(part / whole)
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}

function round(figure) {
  return Math.round(figure * 1000) / 1000
}
