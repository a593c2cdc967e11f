import { describe, expect, it } from 'vitest'
import { createLlmCache } from '../../src/cache.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { record } from '../engine/support.js'

describe('the log of a store’s state', () => {
  it('has one line for each change, that names the store and what it means, and nothing private', async () => {
    const clock = createManualClock()
    const lines: string[] = []
    let failing = true
    const inner = createMemoryStore({ clock })
    const store = {
      ...inner,
      name: 'far',
      synchronous: false,
      get: async (key: string) => {
        if (failing) throw new Error('secret-host refused')
        return inner.get(key)
      },
    }
    const cache = createLlmCache({ clock, store, log: (line) => lines.push(line) })
    for (let count = 0; count < 20; count++)
      await record(cache, { body: { model: 'm', messages: [{ role: 'user', content: `secret ${count}` }] } })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^\[llm-cache\] store far is down \(error\): /)
    failing = false
    for (let ms = 0; ms < 2000; ms += 50) {
      clock.advance(50)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatch(/^\[llm-cache\] store far is up: /)
    expect(lines.join()).not.toContain('secret')
    await cache.close()
  })

  it('is silent where it is switched off', async () => {
    const warn = console.warn
    const lines: unknown[] = []
    console.warn = (line: unknown) => void lines.push(line)
    try {
      const failing = async (): Promise<never> => Promise.reject(new Error('down'))
      for (const log of [undefined, false] as const) {
        const cache = createLlmCache({ log, store: { ...createMemoryStore(), name: 'far', synchronous: false, get: failing } })
        for (let count = 0; count < 20; count++)
          await record(cache, { body: { model: 'm', messages: [{ role: 'user', content: `${count}` }] } })
        await cache.close()
      }
    } finally {
      console.warn = warn
    }
    expect(lines).toHaveLength(1)
  })
})
