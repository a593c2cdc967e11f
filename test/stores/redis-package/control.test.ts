import { createLlmCache, createMemoryStore, type InvalidateSelector, type LlmCache } from '@llm-cache/core'
import { expect, it } from 'vitest'
import { completion, encode, field, JSON_HEAD, open as openRequest, record, request } from '../../../packages/core/test/engine/support.js'
import { onEachServer, until, wait } from './support.js'

const partsOf = (tag: string): { headers: Record<string, string>; body: unknown } => ({
  headers: { 'x-tag': tag },
  body: { model: 'gpt-4o', messages: [{ role: 'user', content: tag }] },
})

await onEachServer('invalidating what entries are, in several processes', ({ server, namespace, open }) => {
  const KEY = 'b'.repeat(64)

  async function processes(count: number, encrypted = false): Promise<LlmCache[]> {
    const ns = namespace()
    const caches = Array.from({ length: count }, () =>
      createLlmCache({
        store: [createMemoryStore(), open(ns, { boundMs: 300 })],
        partition: 'shared',
        tags: (asked) => [asked.header('x-tag') ?? ''],
        storeTimeout: '2s',
        log: false,
        ...(encrypted && { encryption: { keys: [KEY] } }),
      }),
    )
    await until(async () => ((await server.ask('PUBSUB', 'NUMSUB', `${ns}:bus`)) as unknown[])[1] === count)
    return caches
  }

  async function fill(cache: LlmCache, tag: string): Promise<string> {
    const id = field(await record(cache, partsOf(tag)), 'x-llm-cache-id') as string
    await until(async () => (await cache.stats()).tiers.every(({ queued }) => queued.items === 0))
    return id
  }

  async function label(cache: LlmCache, tag: string): Promise<string> {
    const outcome = await cache.open(request(partsOf(tag)))
    if (outcome.kind === 'record') outcome.recorder.abort('origin-error')
    return outcome.kind === 'replay' ? (field(outcome.reply.headers, 'x-llm-cache') as string) : outcome.kind
  }

  it.each<[string, InvalidateSelector, boolean, boolean]>([
    ['a pattern', { pattern: { tag: 'docs:*' } }, true, false],
    ['a pattern, encrypted', { pattern: 'docs:*' }, true, true],
    ['a rule', { rule: ({ tags }) => tags.some((tag) => tag.startsWith('docs:')) }, false, false],
  ])('by %s reaches the memories and the flights of all', async (_what, selector, isData, encrypted) => {
    const [here, there] = (await processes(2, encrypted)) as [LlmCache, LlmCache]
    for (const tag of ['docs:a', 'other']) await fill(here, tag)
    for (const tag of ['docs:a', 'other']) expect(await label(there, tag)).toBe('HIT')
    const flying = await openRequest(there, partsOf('docs:flying'), 'record')
    flying.recorder.head(200, JSON_HEAD)

    expect(await here.invalidate(selector, { dryRun: true })).toMatchObject({ matched: 2, removed: 0 })
    expect(await label(there, 'docs:a')).toBe('HIT')
    const report = await here.invalidate(selector)
    expect(report.tiers).toMatchObject([
      { tier: 'memory', matched: 1, removed: 1, failed: undefined },
      { tier: 'redis', matched: 1, removed: 1, failed: undefined },
    ])
    await wait(400)
    const before = (await there.stats()).tiers[0]?.hits ?? 0
    for (const cache of [here, there]) expect([await label(cache, 'docs:a'), await label(cache, 'other')]).toEqual(['record', 'HIT'])
    // A rule is a function: the others let go of their memories, and take what was not meant from Redis again.
    expect(((await there.stats()).tiers[0]?.hits ?? 0) - before).toBe(isData ? 1 : 0)
    flying.recorder.write(encode(completion()))
    flying.recorder.end()
    await wait(100)
    for (const cache of [here, there]) expect(await label(cache, 'docs:flying')).toBe('record')
    for (const cache of [here, there]) await cache.close()
  })

  it('rejecting reaches them too, by an id that another process made', async () => {
    const [here, there, third] = (await processes(3)) as [LlmCache, LlmCache, LlmCache]
    const id = await fill(here, 'a')
    for (const cache of [there, third]) expect(await label(cache, 'a')).toBe('HIT')
    expect(await there.reject(id, 'schema')).toBe(true)
    await wait(400)
    for (const cache of [here, there, third]) expect(await label(cache, 'a')).toBe('record')
    // It is gone: nobody counts it twice.
    expect(await third.reject(id)).toBe(false)
    for (const cache of [here, there, third]) await cache.close()
  })

  it('a schedule is carried out by one of them, and outlives the one that made it', async () => {
    const [here, there] = (await processes(2)) as [LlmCache, LlmCache]
    const ran: string[] = []
    for (const [name, cache] of [
      ['here', here],
      ['there', there],
    ] as const) {
      cache.on((event) => void (event.type === 'schedule-ran' && ran.push(name)))
    }
    for (const tag of ['a', 'b']) await fill(here, tag)
    expect((await here.schedule({ pattern: 'a' }, '2s', { id: 'once' })).persistent).toBe(true)
    expect((await there.schedule({ pattern: 'b' }, 300, { id: 'soon' })).persistent).toBe(true)
    expect(
      there
        .schedules()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['once', 'soon'])
    await until(() => ran.length === 1)
    await here.close()
    await until(() => ran.length === 2)
    await wait(300)
    expect(ran).toEqual(['there', 'there'])
    expect([await label(there, 'a'), await label(there, 'b')]).toEqual(['record', 'record'])
    await there.close()
  })
})
