import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { createModelServer, type ModelServer } from '@llm-cache/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRedis } from '../../../test/support/redis.js'
import { type Answer, isAlive, type Running, start, until } from './scene.js'

let redis = await startRedis()
let provider: ModelServer
beforeAll(async () => {
  // Other words at every call: a hit cannot look like a second answer.
  provider = await createModelServer({ vary: true, firstTokenMs: 150 })
})
afterAll(async () => {
  await provider.close()
  await redis?.stop()
})

const ADMIN = { authorization: 'Bearer only-for-this-test' }
const question = (content: string, stream = false) => ({ model: 'gpt-5-mini', stream, messages: [{ role: 'user', content }] })
const outcomes = (answers: readonly Answer[]): (string | undefined)[] => answers.map(({ outcome }) => outcome)

const FAR = [
  { name: 'redis', skip: !redis, environment: { REDIS_URL: redis?.url ?? '' }, mostCalls: 1, times: 'once' },
  // A file tells nobody of a flight: each worker asks once.
  { name: 'disk', skip: false, environment: {}, mostCalls: 2, times: 'at most once each' },
] as const

describe.each(FAR)('two workers on $name', ({ name, skip, environment, mostCalls, times }) => {
  describe.skipIf(skip)('as one', () => {
    let example: Running
    beforeAll(async () => {
      provider.reset()
      example = await start({
        ...environment,
        OPENAI_BASE_URL: `${provider.url}/v1`,
        OPENAI_API_KEY: 'upstream',
        ADMIN_TOKEN: 'only-for-this-test',
        CACHE_KEY: randomBytes(32).toString('base64'),
      })
    })
    afterAll(() => example?.close())

    it.each([false, true])(`ask the model ${times} for 20 simultaneous equal requests (stream: %s)`, async (stream) => {
      const before = provider.callCount()
      const body = question('Why do bridges have expansion joints?', stream)
      const lookups = async (): Promise<number[]> => (await example.stats()).map(({ hits, misses, collapsed }) => hits + misses + collapsed)
      const earlier = await lookups()
      const answers = await Promise.all(Array.from({ length: 20 }, () => example.chat(body)))
      const calls = provider.callCount() - before
      expect(calls).toBeGreaterThan(0)
      expect(calls).toBeLessThanOrEqual(mostCalls)
      expect(answers.filter(({ status, complete }) => status !== 200 || !complete)).toEqual([])
      expect(new Set(answers.map((answer) => answer.body)).size).toBe(calls)
      expect(outcomes(answers).filter((outcome) => outcome === 'MISS')).toHaveLength(calls)
      if (stream) for (const answer of answers) expect(answer.body.endsWith('data: [DONE]\n\n')).toBe(true)

      const served = (await lookups()).map((count, index) => count - (earlier[index] ?? 0))
      expect(Math.min(...served)).toBeGreaterThan(0)
      // Where both asked, the answer that was stored later is everybody's.
      await until(async () => {
        const after = await Promise.all(Array.from({ length: 6 }, () => example.chat(body)))
        return new Set(outcomes(after)).size === 1 && after[0]?.outcome === 'HIT' && new Set(after.map((answer) => answer.body)).size === 1
      })
      expect(provider.callCount() - before).toBe(calls)
    })

    it('show each tier, and what all of them did where the store keeps it', async () => {
      for (const stats of await example.stats()) {
        expect(stats.tiers.map((tier) => [tier.name, tier.state])).toEqual([
          ['memory', 'up'],
          [name, 'up'],
        ])
        if (name === 'disk') expect(stats.shared).toBeUndefined()
      }
      if (name === 'redis') await until(async () => (await example.stats()).every(({ shared }) => shared?.stored === 2))
    })

    it('erase a tenant from the memory of both, and no other', async () => {
      const body = question('What is under the floor?')
      const inMemory = async (): Promise<(number | undefined)[]> => (await example.stats()).map(({ tiers }) => tiers[0]?.size?.entries)
      await example.send('DELETE', '/tenants/acme', ADMIN)
      for (const tenant of ['acme', 'other']) {
        await until(async () => {
          await example.chat(body, tenant)
          const wanted = tenant === 'acme' ? 1 : 2
          return (await inMemory()).every((entries) => entries === wanted)
        })
      }
      for (const authorization of ['', 'Bearer guessed']) {
        expect((await example.send('DELETE', '/tenants/acme', { authorization })).status).toBe(401)
      }
      expect(await inMemory()).toEqual([2, 2])

      const erased = await example.send('DELETE', '/tenants/acme', ADMIN)
      expect(erased.status).toBe(200)
      expect(JSON.parse(erased.body)).toMatchObject({
        matched: 2,
        removed: 2,
        tiers: [
          { tier: 'memory', matched: 1, removed: 1 },
          { tier: name, matched: 1, removed: 1 },
        ],
      })
      await until(async () => (await inMemory()).every((entries) => entries === 1))
      expect((await example.chat(body, 'acme')).outcome).toBe('MISS')
      for (let count = 0; count < 2; count++) expect((await example.chat(body, 'other')).outcome).toBe('HIT')
    })

    it('cache nothing for a caller without a tenant', async () => {
      const ask = (): Promise<Answer> => example.chat(question('Who am I?'), '')
      expect(outcomes([await ask(), await ask()])).toEqual(['BYPASS', 'BYPASS'])
    })

    it('replace a worker that was killed', async () => {
      const body = question('Who comes after?')
      await example.chat(body)
      const [first] = await example.stats()
      process.kill(first?.pid as number, 'SIGKILL')
      await until(() => example.lines.some((line) => line.startsWith('[worker 3] listens')))
      expect((await example.stats()).map(({ worker }) => worker)).toEqual([2, 3])
      expect(outcomes([await example.chat(body), await example.chat(body)])).toEqual(['HIT', 'HIT'])
    })

    if (name === 'redis')
      it('go on without Redis, say that an erasure did not reach it, and use it again when it is back', async () => {
        const hears = (state: string): boolean => example.lines.some((line) => line.includes(`store redis is ${state}`))
        await redis?.kill()
        expect((await example.chat(question('Is anybody there?'))).status).toBe(200)
        const erased = await example.send('DELETE', '/tenants/acme', ADMIN)
        expect(erased.status).toBe(500)
        const { tiers } = JSON.parse(erased.body) as { tiers: { tier: string; failed?: string }[] }
        expect(tiers.filter(({ failed }) => failed !== undefined).map(({ tier }) => tier)).toEqual(['redis'])
        await until(async () => {
          await example.chat(question('And now?'))
          return hears('down')
        })
        redis = await startRedis({ port: Number(new URL(redis?.url ?? '').port) })
        await until(() => hears('up'))
      })

    it('end after what they are answering when told to', async () => {
      const pids = (await example.stats()).map(({ pid }) => pid)
      const calls = provider.callCount()
      const last = example.chat(question('One more?', true))
      await provider.until((all) => all.length > calls)
      example.signal('SIGTERM')
      expect((await last).body.endsWith('data: [DONE]\n\n')).toBe(true)
      expect(await example.ended).toBe(0)
      expect(pids.filter(isAlive)).toEqual([])
      expect(example.lines.filter((line) => / ended \(0\)$/.test(line))).toHaveLength(2)
      expect(readdirSync(example.temporary)).toEqual([])
    })
  })
})
