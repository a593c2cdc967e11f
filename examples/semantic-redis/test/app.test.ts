import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createModelServer } from '@llm-cache/core/testing'
import type { DecisionPolicy } from '@llm-cache/express'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { serverVersions, startServer } from '../../../test/support/redis-versions.js'
import { createApp, type ExampleApp } from '../src/app.js'

const version8 = serverVersions().find(({ name }) => name === 'redis-8')
const server = version8 && (await startServer(version8.command))
const database = server?.url ?? ''
const provider = await createModelServer({ vary: true })
const running: { example: ExampleApp; http: Server }[] = []
vi.setConfig({ testTimeout: 60_000 })

afterAll(async () => {
  for (const { example, http } of running) {
    http.close()
    await example.close()
  }
  await provider.close()
  await server?.stop()
})

/** Serves what is near from the first question on: how the shipped policy learns takes some hundred. */
const eager = (): DecisionPolicy => ({
  name: 'eager',
  decide: (candidate) => ({
    action: candidate && candidate.similarity > 0.7 ? 'serve' : 'ask',
    probability: undefined,
    threshold: 0.7,
    error: undefined,
    auditRate: 0,
  }),
  learn: () => undefined,
  inspect: () => ({ labels: 0, audits: 0, auditedWrong: 0, threshold: 0.7, error: undefined, paused: undefined }),
  save: () => '',
  merge: () => true,
})

/** What another process is like: an app of its own on the same database. */
async function startProcess(): Promise<(question: string) => Promise<{ outcome: string | null; text: string }>> {
  const example = createApp({ database, baseURL: `${provider.url}/v1`, apiKey: 'simulated', policy: eager, storeTimeout: '20s' })
  const http = example.app.listen(0, '127.0.0.1')
  await new Promise((resolve) => http.once('listening', resolve))
  running.push({ example, http })
  return async (question) => {
    const answer = await fetch(`http://127.0.0.1:${(http.address() as AddressInfo).port}/faq`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer anna' },
      body: JSON.stringify({ question }),
    })
    return { outcome: answer.headers.get('x-llm-cache'), text: await answer.text() }
  }
}

describe.skipIf(!server)('on Redis 8', () => {
  it('answers in one process what was asked in other words in another, and not the opposite', async () => {
    const [one, other] = [await startProcess(), await startProcess()]
    const first = await one('Which plants are toxic to cats at home?')
    expect(first.outcome).toBe('MISS')
    await vi.waitFor(async () => expect(await running[0]?.example.cache.findSimilar('plants toxic to cats', 1)).toHaveLength(1), 20_000)
    expect(await other('Which plants at home are toxic to cats?')).toEqual({ outcome: 'SEMANTIC-HIT', text: first.text })
    expect((await other('Which plants are not toxic to cats at home?')).outcome).toBe('MISS')
    expect(provider.callCount()).toBe(2)
  })
})
