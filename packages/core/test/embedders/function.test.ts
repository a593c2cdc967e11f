import { describe, expect, it } from 'vitest'
import { functionEmbedder } from '../../src/embedders/function.js'
import { createHashEmbedder } from '../../src/semantic/embedders/hash.js'
import { embedderContract } from '../../src/testing/index.js'

const hash = createHashEmbedder()

embedderContract({ describe, it }, 'function', () => ({ embedder: functionEmbedder('mine:1', async (texts) => hash.embed(texts)) }))
embedderContract({ describe, it }, 'function that answers at once', () => ({
  embedder: functionEmbedder('mine:1', hash.embed, {
    dimensions: 1024,
    maxBatch: 10,
    cheap: true,
    calibration: { median: 0.5, scale: 0.2 },
  }),
}))

describe('a function as an embedder', () => {
  it('says what it was told', () => {
    const options = { dimensions: 3, maxBatch: 10, cheap: true, calibration: { median: 0.5, scale: 0.2 } }
    expect(functionEmbedder('mine:1', () => [], options)).toMatchObject({ id: 'mine:1', ...options })
  })

  it('is given texts and signal', async () => {
    const given: unknown[] = []
    const { signal } = new AbortController()
    await functionEmbedder('mine:1', (...all) => {
      given.push(all)
      return []
    }).embed(['a'], signal)
    expect(given).toEqual([[['a'], signal]])
  })

  it.each([
    ['mine 1', () => [], {}, 'embedder.id'],
    ['mine:1', 'text', {}, 'embedder.embed'],
    ['mine:1', () => [], { dimension: 3 }, 'dimension'],
    ['mine:1', () => [], { dimensions: 0 }, 'embedder.dimensions'],
    ['mine:1', () => [], { calibration: { median: 1 } }, 'embedder.calibration.scale'],
  ])('refuses %s, %s, %j', (id, embed, options, option) => {
    expect(() => functionEmbedder(id, embed as () => [], options as object)).toThrow(
      expect.objectContaining({ name: 'OptionError', option }),
    )
  })
})
