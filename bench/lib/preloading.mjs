// A cache, its users and its model on a clock that jumps from one event to the next.

import { seeded } from './trace.mjs'

const HOUR = 3_600_000
const TTL = HOUR
/** Longer than the cache waits before it sends a request. */
const JITTER_MS = 250
/** A Monday's midnight, UTC. */
const START = Date.UTC(2026, 0, 5)
/** Who preloads nothing. */
export const NOBODY = {}
/** At each request: what this user asked most after it so far, whatever its share. */
export const FOLLOWERS = { pick: () => createPicker(true) }
/** At each request: what this user asked most of all that is not in the cache. */
export const POPULAR = { pick: () => createPicker(false) }

/**
 * Plays the log. `waits` has, for each request, the ms until its answer began; `originUsd` is what the model was paid by users.
 * A preload counts as used if its user asks for its answer within the hour in which it is fresh.
 */
export async function replay({ createLlmCache, createManualClock, log, model, seed }, { preload, pick }) {
  const clock = createManualClock(START)
  const cache = createLlmCache({ clock, ttl: TTL, maxEntries: 20_000, ...(preload && { preload }) })
  const own = pick?.()
  const waits = []
  const spent = []
  const switched = []
  const later = createAgenda()
  const pending = new Map()
  const freshUntil = new Map()
  const count = { sent: 0, used: 0, wasted: 0, usd: 0, usedUsd: 0 }
  let originUsd = 0
  cache.on((event) => {
    if (event.type === 'preload-ended' && event.usd) spent.push([clock.now(), event.usd])
    if (event.type === 'preload-switched' && event.what !== 'partition')
      switched.push([Math.round((clock.now() - START) / HOUR), event.what, event.on, event.reason])
  })

  function requestOf(user, prompt, mark) {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${user}` }
    const body = { kind: 'bytes', bytes: Buffer.from(JSON.stringify({ model, messages: [{ role: 'user', content: prompt }] })) }
    const again = (mark) =>
      new Promise((resolve) => {
        ask(user, prompt, mark).then(resolve)
      })
    return {
      method: 'POST',
      url: '/v1/chat/completions',
      host: 'app',
      route: '/chat',
      explicit: true,
      header: (name) => headers[name],
      headerNames: () => Object.keys(headers),
      body: () => body,
      again,
      hold: () => ({ bytes: 500, again }),
      mark,
    }
  }

  /** Resolves with the ms that were waited. */
  async function ask(user, prompt, mark) {
    const since = clock.now()
    const outcome = await cache.open(requestOf(user, prompt, mark))
    const answer = answerTo(prompt, seed)
    if (outcome.kind === 'record') {
      if (mark === undefined) originUsd += answer.usd
      await later.at(since + answer.ms)
      outcome.recorder.head(200, [['content-type', 'application/json']])
      outcome.recorder.write(bodyOf(answer))
      outcome.recorder.end()
    } else if (outcome.kind === 'replay' && outcome.reply.body.kind === 'chunks') {
      const { chunks } = outcome.reply.body
      while ((await chunks.next()).kind === 'chunk');
    }
    return clock.now() - since
  }

  /** What the baselines do, judged as the cache judges itself. */
  function judge(user, prompt) {
    const now = clock.now()
    for (const [other, preloaded] of pending) {
      if (preloaded.until > now) continue
      pending.delete(other)
      count.wasted++
    }
    const preloaded = pending.get(prompt)
    if (preloaded) {
      pending.delete(prompt)
      count.used++
      count.usedUsd += preloaded.usd
    } else if ((freshUntil.get(prompt) ?? 0) <= now) freshUntil.set(prompt, now + TTL)
    const next = own.observe(user, prompt, now, (other) => (freshUntil.get(other) ?? 0) <= now)
    if (next === undefined) return
    const { usd } = answerTo(next, seed)
    count.sent++
    count.usd += usd
    spent.push([now, usd])
    pending.set(next, { until: now + TTL, usd })
    freshUntil.set(next, now + TTL)
    // A mark of nobody's: the cache looks it up as any other request.
    void ask(user, next, {})
  }

  const startedAt = performance.now()
  for (const [index, { at, user, prompt }] of log.entries()) {
    const when = START + at
    for (let due = later.next(); due !== undefined && due <= when; due = later.next()) {
      clock.advance(due - clock.now())
      later.run()
      await turn()
    }
    clock.advance(when - clock.now())
    await turn()
    void ask(user, prompt).then((wait) => (waits[index] = wait))
    if (own) judge(user, prompt)
    await turn()
    // The cache waits a moment before it sends what it foresees.
    if (preload) void later.at(when + JITTER_MS)
  }
  for (let due = later.next(); due !== undefined; due = later.next()) {
    clock.advance(due - clock.now())
    later.run()
    await turn()
  }
  const us = ((performance.now() - startedAt) * 1000) / log.length
  clock.advance(2 * HOUR)
  const stats = (await cache.stats()).preload
  await cache.close()
  if (own) count.wasted += pending.size
  return {
    waits,
    originUsd,
    switched,
    sources: stats?.sources,
    us,
    mostUsdInAnHour: mostWithin(spent, HOUR),
    dearestUsd: Math.max(0, ...spent.map(([, usd]) => usd)),
    ...(stats ?? count),
    stats,
  }
}

/** Nothing here waits for anything but promises, and for no more than a few in a row. */
async function turn() {
  for (let step = 0; step < 40; step++) await undefined
}

/** Promises for moments, in the order of time. */
function createAgenda() {
  const list = []
  return {
    at: (when) =>
      new Promise((resolve) => {
        let index = list.length
        while (index > 0 && list[index - 1].when > when) index--
        list.splice(index, 0, { when, resolve })
      }),
    next: () => list[0]?.when,
    run: () => list.shift().resolve(),
  }
}

function mostWithin(spent, ms) {
  let most = 0
  let sum = 0
  let first = 0
  for (const [at, usd] of spent) {
    sum += usd
    while (spent[first][0] <= at - ms) sum -= spent[first++][1]
    most = Math.max(most, sum)
  }
  return most
}

function createPicker(byFollower) {
  const users = new Map()
  return {
    observe(user, prompt, now, isGone) {
      const state = users.get(user) ?? { counts: new Map(), last: undefined, lastAt: 0 }
      users.set(user, state)
      const tally = (name) => state.counts.get(name) ?? state.counts.set(name, new Map()).get(name)
      if (byFollower && state.last !== undefined && now - state.lastAt < HOUR / 2) increase(tally(state.last), prompt)
      if (!byFollower) increase(tally(''), prompt)
      state.last = prompt
      state.lastAt = now
      let best
      for (const [candidate, count] of tally(byFollower ? prompt : '')) {
        if (candidate !== prompt && count >= 2 && isGone(candidate) && (best === undefined || count > best.count))
          best = { candidate, count }
      }
      return best?.candidate
    },
  }
}

function increase(counts, name) {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** Tokens log-normal, as in the other traces; always the same for the same question. */
function answerTo(prompt, seed) {
  let hash = seed
  for (let at = 0; at < prompt.length; at++) hash = Math.imul(hash ^ prompt.charCodeAt(at), 0x01000193)
  const random = seeded(hash)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const input = Math.round(Math.exp(Math.log(400) + 0.7 * normal()))
  const output = Math.max(1, Math.min(4000, Math.round(Math.exp(Math.log(250) + 0.7 * normal()))))
  return { input, output, ms: Math.round(300 + input * 0.1 + (output / 70) * 1000), usd: input * 2.5e-6 + output * 1e-5 }
}

function bodyOf({ input, output }) {
  return Buffer.from(
    JSON.stringify({
      choices: [{ index: 0, message: { role: 'assistant', content: 'An answer.' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: input, completion_tokens: output },
    }),
  )
}
