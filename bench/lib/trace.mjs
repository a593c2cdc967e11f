// Seeded request traces for eviction: who is asked again, how large the answer is, what it cost and how long it took.

/** Mulberry32: uniform numbers in [0, 1), the same for the same seed. */
export function seeded(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Models by share of the requests, from cheap to dear; tokens a second as they write. `unknown` has no list price. */
const MODELS = [
  { share: 0.4, model: 'gpt-4o-mini', provider: 'openai-chat', speed: 90 },
  { share: 0.3, model: 'gpt-4o', provider: 'openai-chat', speed: 70 },
  { share: 0.15, model: 'claude-sonnet-4-5', provider: 'anthropic-messages', speed: 60 },
  { share: 0.05, model: 'claude-opus-4-1', provider: 'anthropic-messages', speed: 35 },
  { share: 0.1, model: 'in-house-7b', provider: 'openai-chat', speed: 40 },
]
// Bytes that a token takes: in a JSON answer, and in a stream with an event for each.
const JSON_BYTES = 4.5
const STREAM_BYTES = 190

/**
 * The answer to prompt number `id`, always the same: tokens in and out log-normal (medians 600 and 250), model by share, two in
 * five streamed. `bytes` is the body's length.
 */
function answerTo(id, seed, onePrice) {
  const random = seeded(Math.imul(id + 1, 0x9e3779b1) ^ seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const { model, provider, speed } = pick(MODELS, onePrice ? random() * 0 : random())
  const inputTokens = Math.round(Math.exp(Math.log(600) + normal()))
  const outputTokens = Math.max(1, Math.min(8000, Math.round(Math.exp(Math.log(250) + normal()))))
  const streamed = random() < 0.4
  const bytes = Math.round(outputTokens * (streamed ? STREAM_BYTES : JSON_BYTES)) + 400
  const originMs = Math.round(300 + inputTokens * 0.1 + (outputTokens / speed) * 1000)
  return { id, model, provider, usage: { inputTokens, outputTokens }, bytes, originMs, streamed }
}

function pick(models, share) {
  let left = share
  for (const model of models) {
    left -= model.share
    if (left < 0) return model
  }
  return models[0]
}

/**
 * @typedef {object} Shape
 * @property {number} requests
 * @property {number} prompts how many there are to be asked again
 * @property {number} skew exponent of the Zipf distribution over them; 0 is uniform
 * @property {number} once share of requests for prompts that come once only, scattered
 * @property {number} scanEvery a scan of one-time prompts begins every so many requests; 0: none
 * @property {number} scanLength
 * @property {number} driftEvery every so many requests a twentieth of the prompts change places in popularity; 0: never
 * @property {boolean} [onePrice] all answers are the first model's
 * @property {boolean} [recency] instead of all that: each prompt is asked a few times shortly one after another, then never again
 */

/** The requests as numbers of prompts, and what their answers are. @param {Shape} shape */
export function createTrace(shape, seed) {
  const random = seeded(seed)
  const order = new Uint32Array(shape.requests)
  let serial = shape.prompts
  if (shape.recency) fillRecent(order, random)
  else {
    const rankOf = zipf(shape.prompts, shape.skew, random)
    const promptAt = Uint32Array.from({ length: shape.prompts }, (_, rank) => rank)
    let scanLeft = 0
    for (let at = 0; at < order.length; at++) {
      if (shape.driftEvery && at % shape.driftEvery === shape.driftEvery - 1) drift(promptAt, random)
      if (shape.scanEvery && at % shape.scanEvery === shape.scanEvery - 1) scanLeft = shape.scanLength
      const isOnce = scanLeft > 0 || random() < shape.once
      if (scanLeft > 0) scanLeft--
      order[at] = isOnce ? serial++ : promptAt[rankOf()]
    }
  }
  const known = new Map()
  const answer = (id) => {
    let found = known.get(id)
    if (!found) {
      found = answerTo(id, seed, shape.onePrice)
      known.set(id, found)
    }
    return found
  }
  return { order, answer }
}

function zipf(count, skew, random) {
  const cumulated = new Float64Array(count)
  let total = 0
  for (let rank = 0; rank < count; rank++) {
    total += (rank + 1) ** -skew
    cumulated[rank] = total
  }
  return () => {
    const wanted = random() * total
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (cumulated[middle] < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

function drift(promptAt, random) {
  for (let swaps = promptAt.length / 40; swaps > 0; swaps--) {
    const [one, other] = [Math.floor(random() * promptAt.length), Math.floor(random() * promptAt.length)]
    const kept = promptAt[one]
    promptAt[one] = promptAt[other]
    promptAt[other] = kept
  }
}

/** Four of five requests repeat one of the last 2000, uniformly; the others are new. */
function fillRecent(order, random) {
  let serial = 0
  for (let at = 0; at < order.length; at++) {
    if (at === 0 || random() < 0.2) order[at] = serial++
    else order[at] = order[Math.max(0, at - 1 - Math.floor(random() * 2000))]
  }
}
