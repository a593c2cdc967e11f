/** What holds for invalidation by tag and by dependency, whatever the stores: run on each of them. */

import { describe, expect, it } from 'vitest'
import { createLlmCache, type LlmCache } from '../../src/cache.js'
import type { CacheHandle } from '../../src/engine/handle.js'
import type { LlmCacheOptions } from '../../src/engine/options.js'
import type { Outcome, Recorder } from '../../src/exchange.js'
import { completion, encode, JSON_HEAD, request } from '../engine/support.js'

/** Somewhere to keep entries. */
export interface Place {
  /** The stores as one more process opens them. */
  open(): LlmCacheOptions['store']
  close(): Promise<void> | void
  readonly options?: LlmCacheOptions
}

/** Longest time after which every process has seen an invalidation, in ms, and some more for a slow machine: the model holds it exactly. */
const BOUND_MS = 1000
const SLACK_MS = 2000
const PATIENCE_MS = 10_000

export interface Process {
  readonly cache: LlmCache
  /** Begins an answer to `question`. */
  begin(question: string, note?: (handle: CacheHandle) => void): Promise<Recorder>
  /** Answers it from the origin; its id. */
  fill(question: string, note?: (handle: CacheHandle) => void): Promise<string>
  has(question: string): Promise<boolean>
}

export const finish = async (recorder: Recorder): Promise<void> => {
  recorder.head(200, JSON_HEAD)
  recorder.write(encode(completion()))
  recorder.end()
  // Written behind.
  await pause(20)
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export function openProcess(store: LlmCacheOptions['store'], options: LlmCacheOptions = {}): Process {
  const cache = createLlmCache({ store, log: false, collapse: false, ...options })
  const ask = async (question: string): Promise<Outcome> =>
    cache.open(request({ body: { model: 'gpt-4o', messages: [{ role: 'user', content: question }] } }))
  const process: Process = {
    cache,
    async begin(question, note) {
      const outcome = await ask(question)
      if (outcome.kind !== 'record') throw new Error(`${outcome.kind} instead of record`)
      note?.(outcome.handle)
      return outcome.recorder
    },
    async fill(question, note) {
      const recorder = await process.begin(question, note)
      await finish(recorder)
      return recorder.id
    },
    async has(question) {
      const outcome = await ask(question)
      if (outcome.kind === 'record') outcome.recorder.abort('origin-error')
      return outcome.kind === 'replay'
    },
  }
  return process
}

async function until(condition: () => Promise<boolean>): Promise<number> {
  const since = performance.now()
  while (!(await condition())) {
    if (performance.now() - since > PATIENCE_MS) throw new Error('it did not come about')
    await pause(10)
  }
  return performance.now() - since
}

/**
 * Its tests wait for each other's bounds at once: each has a place of its own.
 *
 * @param shared other processes see what is there, and it is still there after all of them ended
 */
export function retireSuite(name: string, shared: boolean, makePlace: () => Promise<Place> | Place): void {
  describe.concurrent(`retiring on ${name}`, () => {
    async function scene(count: number, work: (...processes: Process[]) => Promise<void>): Promise<void> {
      const place = await makePlace()
      const processes = Array.from({ length: count }, () => openProcess(place.open(), place.options))
      try {
        await work(...processes)
      } finally {
        await Promise.all(processes.map(({ cache }) => cache.close()))
        await place.close()
      }
    }

    it('a tag takes what has it and nothing else, and what is answered after it stays', () =>
      scene(1, async (own) => {
        const { cache, fill, has } = own as Process
        await fill('a', (handle) => handle.tag('docs', 'other'))
        await fill('b', (handle) => handle.tag('Docs'))
        await fill('c', (handle) => handle.dependsOn('docs'))
        const report = await cache.invalidate({ tags: ['docs'] })
        expect(report).toMatchObject({ dryRun: false, matched: 0, removed: 0, retired: 1 })
        expect(report.tiers.every(({ failed }) => failed === undefined)).toBe(true)
        expect([await has('a'), await has('b'), await has('c')]).toEqual([false, true, true])
        await fill('a', (handle) => handle.tag('docs'))
        expect(await has('a')).toBe(true)
        // A second one takes what came after the first.
        await cache.invalidate({ tags: ['none', 'docs'] })
        expect(await has('a')).toBe(false)
      }))

    it('beats answers that were begun before it, whenever they end', () =>
      scene(1, async (own) => {
        const { cache, begin, has } = own as Process
        const early = await begin('a', (handle) => handle.tag('docs'))
        await cache.invalidate({ tags: ['docs'] })
        const late = await begin('b', (handle) => handle.tag('docs'))
        const other = await begin('c', (handle) => handle.tag('faq'))
        for (const recorder of [early, late, other]) await finish(recorder)
        expect([await has('a'), await has('b'), await has('c')]).toEqual([false, true, true])
        expect((await cache.stats()).skipped.invalidated).toBe(1)
      }))

    it('a dependency takes what was made from it, and what was made from that', () =>
      scene(1, async (own) => {
        const { cache, fill, has } = own as Process
        const a = await fill('a', (handle) => handle.dependsOn('doc:1'))
        const b = await fill('b', (handle) => handle.dependsOn(a, 'doc:2'))
        await fill('c', (handle) => handle.dependsOn(b))
        await fill('d', (handle) => handle.dependsOn('doc:2'))
        await fill('e', (handle) => handle.tag('doc:1'))
        await cache.invalidate({ dependsOn: 'doc:1' })
        const left = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(has))
        expect(left).toEqual([false, false, false, true, true])
        // Made from an answer that is retired: never good.
        await fill('b', (handle) => handle.dependsOn(a))
        expect(await has('b')).toBe(false)
        const again = await fill('a', (handle) => handle.dependsOn('doc:1'))
        await fill('b', (handle) => handle.dependsOn(again))
        expect([await has('a'), await has('b')]).toEqual([true, true])
      }))

    it('an answer takes with it what was made from it, however it goes', () =>
      scene(1, async (own) => {
        const { cache, fill, has } = own as Process
        const goings: ((id: string) => Promise<unknown>)[] = [
          (id) => cache.invalidate({ dependsOn: [id] }),
          () => cache.invalidate({ pattern: { tag: 'going' } }),
          () => cache.invalidate({ rule: ({ tags }) => tags.includes('going') }),
        ]
        for (const go of goings) {
          const a = await fill('a', (handle) => handle.tag('going'))
          await fill('b', (handle) => handle.dependsOn(a))
          await fill('c')
          expect([await has('a'), await has('b'), await has('c')]).toEqual([true, true, true])
          await go(a)
          expect([await has('b'), await has('c')]).toEqual([false, true])
          await cache.invalidate({ all: true })
          expect([await has('a'), await has('c')]).toEqual([false, false])
        }
      }))

    it('the model as asked for and as it answered are dependencies of every answer', () =>
      scene(1, async (own) => {
        const { cache, fill, has } = own as Process
        await fill('a')
        await cache.invalidate({ dependsOn: ['model:gpt-4', 'snapshot:gpt-4o'] })
        expect(await has('a')).toBe(true)
        await cache.invalidate({ dependsOn: 'snapshot:gpt-4o-2024-08-06' })
        expect(await has('a')).toBe(false)
        await fill('a')
        await cache.invalidate({ dependsOn: 'model:gpt-4o' })
        expect(await has('a')).toBe(false)
      }))

    it('a dry run counts what it would take, and takes nothing', () =>
      scene(1, async (own) => {
        const { cache, fill, has } = own as Process
        const a = await fill('a', (handle) => handle.tag('docs').dependsOn('doc:1'))
        await fill('b', (handle) => handle.dependsOn(a))
        const report = await cache.invalidate({ tags: ['docs'] }, { dryRun: true })
        expect(report).toMatchObject({ dryRun: true, removed: 0, retired: 0, matched: 2 * report.tiers.length })
        expect(report.sample).toContain(a)
        const other = await cache.invalidate({ dependsOn: 'doc:2' }, { dryRun: true })
        expect(other).toMatchObject({ matched: 0, retired: 0 })
        expect([await has('a'), await has('b')]).toEqual([true, true])
      }))

    if (shared) {
      it('another process sees it within the bound, in memory, in the store and in flight', () =>
        scene(2, async (...both) => {
          const [one, two] = both as [Process, Process]
          await one.fill('a', (handle) => handle.tag('docs'))
          expect(await two.has('a')).toBe(true)
          await two.fill('b', (handle) => handle.tag('docs'))
          await two.fill('kept', (handle) => handle.tag('faq'))
          const flying = await two.begin('c', (handle) => handle.tag('docs'))
          await one.cache.invalidate({ tags: ['docs'] })
          const ms = await until(async () => !(await two.has('a')) && !(await two.has('b')))
          expect(ms).toBeLessThan(BOUND_MS + SLACK_MS)
          await finish(flying)
          expect([await two.has('c'), await one.has('c'), await two.has('kept')]).toEqual([false, false, true])
          for (const process of both) {
            await process.fill('a', (handle) => handle.tag('docs'))
            for (const other of both) expect(await other.has('a')).toBe(true)
            await process.cache.invalidate({ dependsOn: 'model:gpt-4o' })
            await until(async () => !(await one.has('a')) && !(await two.has('a')))
            // Until then it may be begun in ignorance, and is then taken for an old one.
            await pause(BOUND_MS)
          }
        }))

      it('what was made elsewhere is known here by its id', () =>
        scene(3, async (...all) => {
          const [one, two, three] = all as [Process, Process, Process]
          const a = await one.fill('a', (handle) => handle.dependsOn('doc:1'))
          const b = await two.fill('b', (handle) => handle.dependsOn(a))
          await three.fill('c', (handle) => handle.dependsOn(b))
          expect(await one.has('c')).toBe(true)
          await two.cache.invalidate({ dependsOn: 'doc:1' })
          await until(async () => !(await one.has('c')) && !(await three.has('c')) && !(await two.has('c')))
        }))

      it('a removal, too, beats what is in flight elsewhere', () =>
        scene(2, async (...both) => {
          const [one, two] = both as [Process, Process]
          for (const selector of [{ all: true }, { partition: { headers: {} } }] as const) {
            await one.fill('a')
            const flying = await two.begin('b')
            await one.cache.invalidate(selector).catch((error: unknown) => {
              if (selector !== undefined && 'all' in selector) throw error
            })
            await finish(flying)
            if ('all' in selector) await until(async () => !(await two.has('b')) && !(await one.has('b')))
            await one.cache.invalidate({ all: true })
            await pause(BOUND_MS + 100)
          }
        }))

      it('is still known after all processes ended', async () => {
        const place = await makePlace()
        const first = openProcess(place.open(), place.options)
        const other = openProcess(place.open(), place.options)
        await first.fill('a', (handle) => handle.tag('docs'))
        const flying = await other.begin('b', (handle) => handle.tag('docs'))
        await first.fill('kept', (handle) => handle.tag('faq'))
        await first.cache.invalidate({ tags: ['docs'] })
        await finish(flying)
        await Promise.all([first.cache.close(), other.cache.close()])
        const later = openProcess(place.open(), place.options)
        expect([await later.has('a'), await later.has('b'), await later.has('kept')]).toEqual([false, false, true])
        await later.fill('a', (handle) => handle.tag('docs'))
        expect(await later.has('a')).toBe(true)
        await later.cache.close()
        await place.close()
      })
    }
  })
}
