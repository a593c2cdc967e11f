/**
 * The Lua scripts. Each touches keys of one hash tag alone and is all or nothing as long as Redis accepts its first write. All
 * answer with a proof (proof.ts): what is said here of ARGV leaves out the nonce at its end.
 */

import { createHash } from 'node:crypto'
import { proving } from './proof.js'

export interface Script {
  readonly text: string
  /** By which EVALSHA knows it: SHA-1 in hexadecimal. */
  readonly sha: string
}

/** KEYS lock, fence, followed, flight, entry; ARGV flight id, lease ms, fence ms. Answers {1, token, entries}, or {0, lock} where somebody leads. */
export const ACQUIRE: Script = script(`
local held = redis.call('GET', KEYS[1])
if held then
  if redis.call('GET', KEYS[3]) ~= held then redis.call('SET', KEYS[3], held, 'PX', ARGV[3]) end
  return {0, held}
end
local time = redis.call('TIME')
local token = time[1] * 1000000 + time[2]
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
if last and last >= token then token = last + 1 end
token = string.format('%.0f', token)
redis.call('SET', KEYS[2], token, 'PX', ARGV[3])
redis.call('SET', KEYS[1], token .. ' ' .. ARGV[1], 'PX', ARGV[2])
redis.call('XADD', KEYS[4], '*', 'o', '')
redis.call('PEXPIRE', KEYS[4], ARGV[2])
return {1, token, redis.call('EXISTS', KEYS[5])}`)

/** KEYS lock, followed; ARGV fence ms. Answers the lock, or nothing where nobody leads. */
export const FOLLOW: Script = script(`
local held = redis.call('GET', KEYS[1])
if held and redis.call('GET', KEYS[2]) ~= held then redis.call('SET', KEYS[2], held, 'PX', ARGV[1]) end
return held`)

/** KEYS lock, fence, flight; ARGV lock, token, lease ms, fence ms, '1' to keep the flight. Answers 1 while nobody has passed the token. */
export const RENEW: Script = script(`
if ARGV[5] == '1' then redis.call('PEXPIRE', KEYS[3], ARGV[3]) end
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1`)

/** KEYS lock, fence; ARGV lock, token, '1' to give up writing as well. */
export const RELEASE: Script = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
if ARGV[3] == '1' and redis.call('GET', KEYS[2]) == ARGV[2] then redis.call('DEL', KEYS[2]) end
return 1`)

/** KEYS entry, fence; ARGV token, ms to live ('0' removes what is there), frame. Answers 1 when written, 0 when fenced off. */
export const FENCED_SET: Script = script(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
return 1`)

/** KEYS entry; ARGV ms to live, frame. Answers 1. */
export const SET: Script = script(`
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[1])
return 1`)

/** KEYS entry, lock, fence. Nobody who led before may write any more. Answers the number of entries removed. */
export const DELETE: Script = script(`
redis.call('DEL', KEYS[2], KEYS[3])
return redis.call('DEL', KEYS[1])`)

/** KEYS entry; ARGV SHA-1 of the bytes found there, '' where they are no string. Removes them, and nothing that came after them. */
export const DISCARD: Script = script(`
local value = redis.pcall('GET', KEYS[1])
local digest = ''
if type(value) == 'string' then digest = redis.sha1hex(value) end
if not value or digest ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`)

/** KEYS log; ARGV process, message, longest journal, ms to keep it, channel. Answers the message's id. A push carries its SHA-1. */
export const PUBLISH: Script = script(`
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'p', ARGV[1], 'm', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if ARGV[5] ~= '' then
  local text = id .. ' ' .. ARGV[1] .. ' ' .. ARGV[2]
  redis.call('PUBLISH', ARGV[5], redis.sha1hex(text) .. ' ' .. text)
end
return id`)

/** KEYS log; ARGV from, to, most entries. Answers them. */
export const JOURNAL: Script = script(`
return redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[2], 'COUNT', ARGV[3])`)

/** KEYS stats. Answers {name, sum, name, sum, ...}. */
export const SUMS: Script = script(`
return redis.call('HGETALL', KEYS[1])`)

/** ARGV cursor, pattern, keys to visit. Answers {next cursor, names}. */
export const SCAN: Script = script(`
return redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])`)

/** KEYS stats; ARGV name, delta, name, delta, ... */
export const ADD: Script = script(`
for i = 1, #ARGV, 2 do redis.call('HINCRBYFLOAT', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1`)

/** @param body Lua that returns the reply */
export function script(body: string): Script {
  const text = proving(body)
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}
