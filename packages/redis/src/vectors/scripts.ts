/** The Lua scripts of the vector index. KEYS are a namespace's vector set and the times of its items, which share a hash tag. */

import { type Script, script } from '../scripts.js'

/**
 * ARGV now, quantization, then id, deleteAt and vector of each item. Removes up to 100 of those that have expired. Both keys live as
 * long as the item that lives longest.
 */
export const ADD_VECTORS: Script = script(`
local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', '0', '100')
for i = 1, #gone do
  redis.call('VREM', KEYS[1], gone[i])
  redis.call('ZREM', KEYS[2], gone[i])
end
for i = 3, #ARGV, 3 do
  redis.call('VADD', KEYS[1], 'FP32', ARGV[i + 2], ARGV[i], ARGV[2], 'SETATTR', '{"e":' .. ARGV[i + 1] .. '}')
  redis.call('ZADD', KEYS[2], ARGV[i + 1], ARGV[i])
end
local last = redis.call('ZRANGE', KEYS[2], '-1', '-1', 'WITHSCORES')
if last[2] then
  local at = string.format('%.0f', last[2])
  redis.call('PEXPIREAT', KEYS[1], at)
  redis.call('PEXPIREAT', KEYS[2], at)
end
return 1`)

/** ARGV now, vector, k, '1' to compare with all, candidates otherwise, candidates where some have expired. Answers {id, score, id, score, ...}. */
export const SEARCH_VECTORS: Script = script(`
local how = {'EF', ARGV[5]}
if ARGV[4] == '1' then how = {'TRUTH'} end
local filter = '.e > ' .. ARGV[1]
return redis.call('VSIM', KEYS[1], 'FP32', ARGV[2], 'WITHSCORES', 'COUNT', ARGV[3], 'FILTER', filter, 'FILTER-EF', ARGV[6], unpack(how))`)

/** ARGV ids. */
export const REMOVE_VECTORS: Script = script(`
for i = 1, #ARGV do
  redis.call('VREM', KEYS[1], ARGV[i])
  redis.call('ZREM', KEYS[2], ARGV[i])
end
return 1`)

/** Removes a namespace. */
export const DROP_VECTORS: Script = script(`
return redis.call('UNLINK', KEYS[1], KEYS[2])`)
