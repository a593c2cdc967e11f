import { createMemoryStore } from '@llm-cache/core'
import { type Place, retireSuite } from '../../../packages/core/test/control/retire-suite.js'
import { onEachServer } from './support.js'

await onEachServer('epoch marks', ({ namespace, open }) => {
  const place = (inMemoryToo: boolean, options: Place['options']): Place => {
    const ns = namespace()
    return {
      open: () => (inMemoryToo ? [createMemoryStore(), open(ns)] : open(ns)),
      close: () => undefined,
      options: { storeTimeout: '2s', ...options },
    }
  }
  retireSuite('Redis', true, () => place(false, { collapse: false }))
  retireSuite('memory and Redis, where processes lead for each other', true, () => place(true, { collapse: true }))
})
