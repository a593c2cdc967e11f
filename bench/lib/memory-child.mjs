// One measurement of memory, in a process of its own that may collect garbage:
//   node --expose-gc memory-child.mjs <module with createMemoryStore and createLlmCache> '<case as JSON>'
// Prints what was held at most, as JSON.

import { pathToFileURL } from 'node:url'

const { createMemoryStore, createLlmCache } = await import(pathToFileURL(process.argv[2]).href)
const { what, keys, maxBytes, maxEntries, eviction, body, headers, chunks, tags } = JSON.parse(process.argv[3])
const CHECKS = 8

const held = async () => {
  // Timers and promises of the last turn first; buffers are let go by a thread of their own, which the next collection waits for.
  await new Promise(setImmediate)
  gc()
  gc()
  // `external` has the array buffers in it.
  const { heapUsed, external, rss } = process.memoryUsage()
  return { bytes: heapUsed + external, rss }
}

const write = what === 'cache' ? cacheWriter() : storeWriter()
// Code and its caches come with the first calls.
for (let serial = 0; serial < 2000; serial++) write.to(write.spare, -serial)
write.spare.close()
write.spare = undefined
await held()
const before = await held()
const target = write.open()
const empty = (await held()).bytes - before.bytes
let most = 0
let rss = 0
const startedAt = performance.now()
let checked = 0
for (let serial = 0; serial < keys; serial++) {
  write.to(target, serial)
  // Answers are recorded in later turns too.
  if (serial % 1000 === 999) await new Promise(setImmediate)
  if (serial < keys / 4 || serial % Math.ceil(keys / CHECKS) !== Math.ceil(keys / CHECKS) - 1) continue
  const spent = performance.now()
  const now = await held()
  checked += performance.now() - spent
  most = Math.max(most, now.bytes - before.bytes)
  rss = Math.max(rss, now.rss - before.rss)
}
const us = ((performance.now() - startedAt - checked) * 1000) / keys
const size = await write.size(target)
console.log(JSON.stringify({ most, empty, rss, us, counted: size.bytes, entries: size.entries }))
await target.close()

function storeWriter() {
  const options = { maxBytes, maxEntries, eviction }
  return {
    spare: createMemoryStore(options),
    open: () => createMemoryStore(options),
    to(store, serial) {
      const entry = entryOf(serial)
      store.get(entry.key)
      store.set(entry)
    },
    size: (store) => store.size(),
  }
}

/** As texts come from sockets and parsers: in one piece, not as the tree of its parts. */
function flat(text) {
  return Buffer.from(text, 'latin1').toString('latin1')
}

function entryOf(serial) {
  const text = String(serial).padStart(22, 'A')
  const now = Date.now()
  return {
    id: flat(text),
    key: flat(`lc1.${text}.${text}${'k'.repeat(21)}`),
    storedAt: now,
    staleAt: now + 3_600_000,
    deleteAt: now + 7_200_000,
    status: 200,
    headers: Array.from({ length: headers }, (_, at) => [flat(`x-field-${at}`), flat(`${text} ${at}`)]),
    body: new Uint8Array(body),
    chunks: chunks ? Array.from({ length: chunks }, (_, at) => [at * 190, at * 12]) : undefined,
    meta: {
      provider: 'openai-chat',
      model: `gpt-4o-${serial % 10}`,
      route: '/chat',
      // As they come: differing, so that keeping the first ones is no policy.
      usage: { inputTokens: 600, outputTokens: 100 + (serial % 400) },
      originMs: 812.5 + (serial % 100),
      tags: Array.from({ length: tags }, (_, at) => flat(`tag:${text}:${at}`)),
    },
  }
}

function cacheWriter() {
  const open = () =>
    createLlmCache(eviction === 'lru' ? { maxBytes, maxEntries } : { store: createMemoryStore({ maxBytes, maxEntries, eviction }) })
  const bytes = (text) => new TextEncoder().encode(text)
  const fields = { 'content-type': 'application/json', authorization: 'Bearer sk-test-0123456789abcdef' }
  return {
    spare: open(),
    open,
    to(cache, serial) {
      const text = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: `Question ${serial}: why is the sky blue?` }] })
      const outcome = cache.open({
        method: 'POST',
        url: '/v1/chat/completions',
        host: 'app.test',
        route: '/chat',
        explicit: true,
        header: (name) => fields[name],
        headerNames: () => Object.keys(fields),
        body: () => ({ kind: 'bytes', bytes: bytes(text) }),
      })
      if (outcome.kind !== 'record') throw new Error(`${outcome.kind} instead of record`)
      const { recorder } = outcome
      const content = `Answer ${serial}`.padEnd(body, '.')
      recorder.head(200, [
        ['Content-Type', 'application/json'],
        ['x-request-id', `req_${serial}`],
      ])
      recorder.write(
        bytes(
          JSON.stringify({
            id: `chatcmpl-${serial}`,
            object: 'chat.completion',
            model: 'gpt-4o',
            choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
            usage: { prompt_tokens: 12, completion_tokens: 7 + (serial % 400) },
          }),
        ),
      )
      recorder.end()
    },
    async size(cache) {
      const { bytes, entries, store } = await cache.stats()
      return store ?? { bytes, entries }
    },
  }
}
