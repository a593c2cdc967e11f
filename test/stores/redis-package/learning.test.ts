import { createLlmCache, functionJudge, type LlmCache } from '@llm-cache/core'
import { expect, it } from 'vitest'
import { completion, record } from '../../../packages/core/test/engine/support.js'
import { onEachServer, until } from './support.js'

const TOPICS = ['cancel my subscription', 'track the parcel', 'change the delivery address', 'pay by invoice', 'return a broken lamp']
const WAYS = ['How can I', 'How do I', 'In what way could I', 'Please tell me how to', 'What must I do to', 'Is there any way to']
const LABELS = 60

await onEachServer('two processes that learn at once', ({ server, namespace, open }) => {
  const process = (ns: string): LlmCache =>
    createLlmCache({
      store: open(ns),
      partition: 'shared',
      storeTimeout: '2s',
      log: false,
      strategy: 'hybrid',
      semantic: {
        judge: functionJudge('topic', ({ answers: [one, other] }) =>
          one.text.slice(0, 20) === other.text.slice(0, 20) ? 'same' : 'different',
        ),
      },
    })
  const labelsOf = async (cache: LlmCache): Promise<number> =>
    ((await cache.stats()).semantic?.learners ?? []).reduce((sum, { labels }) => sum + labels, 0)

  /** Asks until the process has seen so many answers judged. */
  async function learn(cache: LlmCache, own: string): Promise<void> {
    for (let round = 0; (await labelsOf(cache)) < LABELS && round < 1000; round++) {
      const topic = TOPICS[round % TOPICS.length] as string
      const content = `${WAYS[Math.floor(round / TOPICS.length) % WAYS.length]} ${topic} in ${own}${Math.floor(round / 30)}town?`
      const answer = completion(`${topic.padEnd(20)}, said ${own}${round}.`)
      await record(cache, { body: bodyOf(content) }, answer).catch(() => undefined)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  it('keep what both have learnt, for each other and for those that come after', async () => {
    const ns = namespace()
    const [one, two] = [process(ns), process(ns)]
    await Promise.all([learn(one, 'north'), learn(two, 'south')])
    const learnt = new Set([...rowsOf(one), ...rowsOf(two)])
    expect(learnt.size).toBeGreaterThanOrEqual(LABELS)
    await one.close()
    await two.close()
    const third = process(ns)
    await record(third, { body: bodyOf('Where is the nearest shop of yours?') }, completion('Here.'))
    await until(() => [...learnt].every((row) => rowsOf(third).has(row)))
    // Numbers, and no words of anybody's.
    const kept = Object.values(third.learning.export()).join('')
    for (const word of ['parcel', 'lamp', 'northtown', 'invoice']) expect(kept).not.toContain(word)
    await third.close()
  })

  it('go on where Redis is away, and lose nothing of what they have learnt', async () => {
    const ns = namespace()
    const cache = process(ns)
    await learn(cache, 'east')
    const learnt = rowsOf(cache)
    expect(learnt.size).toBeGreaterThanOrEqual(LABELS)
    server.pause()
    try {
      await record(cache, { body: bodyOf('How do I track the parcel in westtown?') }, completion('It is here.'))
      expect([...learnt].every((row) => rowsOf(cache).has(row))).toBe(true)
    } finally {
      server.resume()
    }
    // Its connection is made anew first.
    const failures = async (): Promise<unknown> => (await cache.stats()).tiers.map(({ failures, state }) => [failures, state])
    const isBack = async (): Promise<boolean> => {
      const before = JSON.stringify([await failures(), 'up'])
      await record(cache, { body: bodyOf(`Where is shop number ${Math.random()}?`) }, completion('Here.'))
      return before === JSON.stringify([await failures(), (await cache.stats()).tiers[0]?.state])
    }
    await until(async () => (await isBack()) && (await isBack()))
    await cache.close()
    const next = process(ns)
    await record(next, { body: bodyOf('Where is the nearest shop of yours?') }, completion('Here.'))
    await until(() => [...learnt].every((row) => rowsOf(next).has(row)))
    await next.close()
  })
})

/** Each label as it is kept. */
function rowsOf(cache: LlmCache): ReadonlySet<string> {
  const texts = Object.values(cache.learning.export())
  return new Set(texts.flatMap((text) => text.split('\n').slice(1)))
}

function bodyOf(content: string): object {
  return { model: 'gpt-4o', messages: [{ role: 'user', content }] }
}
