/**
 * Answers that prove which question they answer. Redis' protocol numbers neither questions nor answers: once a byte of it is
 * lost or changed, what comes next may be the answer to something else, and `1` looks like any other `1`.
 */

import { createHash, randomBytes } from 'node:crypto'

/** What was received answers something else, or was changed on its way. Nothing of it may be believed. */
export class GarbledError extends Error {
  override readonly name: string = 'GarbledError'

  constructor() {
    super('The connection to Redis is garbled: this is no answer to what was asked.')
  }
}

const prefix = randomBytes(9).toString('base64url')

/** A text that is never used again, in no process. */
export function createNonces(): () => string {
  const own = prefix + randomBytes(3).toString('base64url')
  let used = 0
  return () => `${own}${(used++).toString(36)}`
}

/** Lua around the body of a script: takes the nonce off ARGV and answers {digest of nonce and reply, reply}. */
export function proving(body: string): string {
  return `
local nonce = table.remove(ARGV)
local function flat(value)
  if type(value) == 'table' then
    local parts = {}
    for i = 1, #value do parts[i] = flat(value[i]) end
    return '[' .. table.concat(parts) .. ']'
  end
  local text = tostring(value)
  return #text .. ':' .. text
end
local function answer()${body}
end
local reply = answer()
return {redis.sha1hex(nonce .. flat(reply)), reply}`
}

/**
 * The reply, with text for Buffers, of a script made by `proving` that was asked with `nonce`.
 * @param answer with Buffers for strings
 * @throws GarbledError when it is anything else
 */
export function proven(answer: unknown, nonce: string): unknown {
  if (!Array.isArray(answer) || answer.length !== 2 || !Buffer.isBuffer(answer[0])) throw new GarbledError()
  const hash = createHash('sha1').update(nonce)
  for (const part of flat(answer[1])) hash.update(part)
  if (answer[0].toString('latin1') !== hash.digest('hex')) throw new GarbledError()
  return asText(answer[1])
}

function* flat(value: unknown): Generator<string | Buffer, void, void> {
  if (Array.isArray(value)) {
    yield '['
    for (const item of value) yield* flat(item)
    yield ']'
  } else if (Buffer.isBuffer(value)) {
    yield `${value.byteLength}:`
    yield value
  } else {
    // Lua has no null in an answer, it has false.
    const text = value === null ? 'false' : `${value}`
    yield `${text.length}:${text}`
  }
}

function asText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asText)
  return Buffer.isBuffer(value) ? value.toString() : value
}
