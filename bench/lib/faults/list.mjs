// The faults. `begin` and `end` get the Redis, the proxy before it and the name of the store; those that the proxy makes go through it (`proxied`),
// those of Redis itself do without.

import { setTimeout as delay } from 'node:timers/promises'

const proxied = (name, mode) => ({
  name,
  proxied: true,
  begin: ({ proxy }) => proxy.set(mode),
  end: ({ proxy }) => proxy.set({ kind: 'pass' }),
})

/** `keepsHits`: reads still work, so what is stored is to be answered. `changes`: most changes of state, where 4 are not enough. */
export const FAULTS = [
  {
    name: 'down at start',
    /** Redis is not started before the app is. */
    absent: true,
    begin: async () => {},
    end: ({ redis }) => redis.start(),
  },
  { name: 'killed', begin: ({ redis }) => redis.kill(), end: ({ redis }) => redis.start() },
  {
    name: 'restarted empty',
    /** In place of the time that others last. */
    seconds: 0.3,
    begin: ({ redis }) => redis.kill(),
    end: ({ redis }) => redis.start(),
  },
  { name: 'SIGSTOP', begin: async ({ redis }) => redis.pause(), end: async ({ redis }) => redis.resume() },
  proxied('slow 50 ms', { kind: 'latency', ms: 50 }),
  proxied('slow 500 ms', { kind: 'latency', ms: 500 }),
  proxied('slow 5000 ms', { kind: 'latency', ms: 5000 }),
  proxied('resetting', { kind: 'reset' }),
  {
    name: 'out of memory',
    keepsHits: true,
    async begin({ redis }) {
      await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
      await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    },
    end: ({ redis }) => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
  },
  {
    name: 'READONLY',
    keepsHits: true,
    begin: ({ redis }) => redis.command('REPLICAOF', '127.0.0.1', '1'),
    end: ({ redis }) => redis.command('REPLICAOF', 'NO', 'ONE'),
  },
  {
    ...proxied('garbage', { kind: 'garbage', how: 'random' }),
    /** All bytes at random for the first half, single bits flipped for the second. */
    async begin({ proxy, seconds }) {
      await proxy.set({ kind: 'garbage', how: 'random' })
      await delay(seconds * 500)
      await proxy.set({ kind: 'garbage', how: 'flip' })
    },
    /** What talked garbage is restarted, but for `redis`: node-redis never finds its way back into a connection that was garbled. */
    async end({ proxy, store }) {
      if (store !== 'redis') await proxy.set({ kind: 'refuse' })
      await proxy.set({ kind: 'pass' })
    },
  },
  { ...proxied('flapping', { kind: 'flap', periodMs: 300 }), changes: 20 },
]
