import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WarmProgress, WarmReport } from '@llm-cache/core'
import { createModelServer, type ModelServer } from '@llm-cache/core/testing'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { createApp, type ExampleApp, HOST } from '../src/app.js'
import { createProgressBar, formatProgress } from '../src/progress.js'
import { PROMPT_COUNT, prompts, writePrompts } from '../src/prompts.js'
import { formatReport } from '../src/report.js'

let provider: ModelServer
let example: ExampleApp
let folder: string
let file: string

beforeAll(async () => {
  provider = await createModelServer({ vary: true })
  folder = mkdtempSync(join(tmpdir(), 'llm-cache-warming-'))
  file = join(folder, 'prompts.jsonl')
  await writePrompts(file)
})
afterAll(async () => {
  await provider.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  provider.reset()
  example = createApp({ baseURL: `${provider.url}/v1`, apiKey: 'upstream' })
  return () => example.cache.close()
})

/** 500 calls of a real client, on a machine that does other work. */
vi.setConfig({ testTimeout: 60_000 })

const failedIn = ({ failed }: WarmReport): number => failed.reduce((sum, { count }) => sum + count, 0)
const sumOf = (report: WarmReport): number =>
  report.warmed + report.alreadyCached + report.elsewhere + report.skippedByBudget + failedIn(report)

it('has 500 prompts in its file, one a line', () => {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(lines).toHaveLength(500)
  expect(new Set(lines).size).toBe(PROMPT_COUNT)
})

it('warms them all; a caller then gets a hit over the network', async () => {
  const seen: WarmProgress[] = []
  const report = await example.cache.warm({ file }, { host: HOST, concurrency: 8, onProgress: (progress) => seen.push(progress) })
  expect(report).toMatchObject({ requests: 500, warmed: 500, failed: [], stoppedBy: 'end' })
  expect(provider.callCount()).toBe(500)
  expect(report.usd).toBeGreaterThan(0)
  expect(seen.map(({ done }) => done)).toEqual(Array.from({ length: 500 }, (_, index) => index + 1))
  expect(seen.every(({ total }) => total === 500)).toBe(true)

  const server = await new Promise<Server>((resolve) => {
    const listening = example.app.listen(0, '127.0.0.1', () => resolve(listening))
  })
  const { port } = server.address() as AddressInfo
  const answer = await fetch(`http://localhost:${port}/guide`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ city: 'Kyoto', question: 'Where can I swim?' }),
  })
  server.close()
  expect(answer.headers.get('x-llm-cache')).toBe('HIT')
  expect(provider.callCount()).toBe(500)
})

it.each([1, 8])('keeps its budget to within one request, with %i at once, and the report adds up', async (concurrency) => {
  const costs: number[] = []
  let before = 0
  const maxUsd = 0.05
  const report = await example.cache.warm(
    { file },
    {
      host: HOST,
      concurrency,
      maxUsd,
      onProgress({ usd }) {
        costs.push(usd - before)
        before = usd
      },
    },
  )
  const dearest = Math.max(...costs)
  expect(report.stoppedBy).toBe('budget-usd')
  expect(report.usd).toBeLessThanOrEqual(maxUsd + dearest)
  expect(report.usd).toBeGreaterThan(maxUsd - 2 * dearest)
  expect(report.requests).toBe(500)
  expect(sumOf(report)).toBe(500)
  expect(report.warmed).toBe(provider.callCount())
  expect(report.skippedByBudget).toBe(500 - report.warmed)
})

it('goes on where it was aborted, and pays for nothing twice', async () => {
  const ending = new AbortController()
  const first = await example.cache.warm(
    { file },
    { host: HOST, concurrency: 4, signal: ending.signal, onProgress: ({ done }) => done === 120 && ending.abort() },
  )
  expect(first.stoppedBy).toBe('signal')
  expect(first.warmed).toBeGreaterThanOrEqual(120)
  expect(first.warmed).toBeLessThan(130)
  expect(sumOf(first)).toBe(first.requests)

  const second = await example.cache.warm({ file }, { host: HOST, concurrency: 4 })
  expect(second).toMatchObject({ requests: 500, alreadyCached: first.warmed, warmed: 500 - first.warmed, stoppedBy: 'end' })
  expect(provider.callCount()).toBe(500)
  expect(await example.cache.warm({ file }, { host: HOST, maxUsd: 0.001 })).toMatchObject({ alreadyCached: 500, usd: 0, stoppedBy: 'end' })
  expect(provider.callCount()).toBe(500)
})

it('says what failed, and goes on', async () => {
  provider.failNext('rate-limit', 3)
  const report = await example.cache.warm([...prompts()].slice(0, 40), { host: HOST, concurrency: 1 })
  expect(report).toMatchObject({ requests: 40, warmed: 37 })
  expect(report.failed).toEqual([{ reason: expect.stringMatching(/^status-\d+$/), count: 3, samples: [1, 2, 3] }])
  expect(formatReport(report)).toContain('37  warmed\n')
  expect(formatReport(report)).toMatch(/ 3 {2}failed: status-\d+ \(1, 2, 3\)/)
})

it('draws a bar on a terminal, and lines elsewhere', () => {
  const progress = (done: number): WarmProgress => ({
    done,
    total: 500,
    warmed: done,
    alreadyCached: 0,
    elsewhere: 0,
    failed: 0,
    tokens: 0,
    usd: done / 1000,
    etaMs: (500 - done) * 10,
  })
  expect(formatProgress(progress(250))).toBe(`${'█'.repeat(15)}${'░'.repeat(15)}   50 %  250 of 500  $0.250  3 s left`)
  const written = (isTTY: boolean): string => {
    let text = ''
    const bar = createProgressBar({ isTTY, write: (piece) => (text += piece) })
    for (let done = 1; done <= 500; done++) bar.show(progress(done))
    bar.end()
    return text
  }
  expect(written(true)).toMatch(/^\r.*100 % {2}500 of 500 {2}\$0.500\n$/s)
  expect(written(false).split('\n')).toHaveLength(12)
})
