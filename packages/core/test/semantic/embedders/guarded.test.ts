import { describe, expect, it } from 'vitest'
import { EmbedderError, OptionError, VectorError } from '../../../src/errors.js'
import type { Awaitable } from '../../../src/ports.js'
import { type EmbedderEvent, type GuardOptions, guardEmbedder, type SafeEmbedder } from '../../../src/semantic/embedders/guarded.js'
import { createHashEmbedder } from '../../../src/semantic/embedders/hash.js'
import type { Embedder } from '../../../src/semantic/ports.js'
import { createManualClock, embedderContract, type ManualClock } from '../../../src/testing/index.js'

type Answer = Awaitable<readonly ArrayLike<number>[]>
interface Call {
  readonly texts: readonly string[]
  readonly signal: AbortSignal | undefined
  readonly resolve: (vectors: readonly ArrayLike<number>[]) => void
  readonly reject: (error: unknown) => void
}
interface Scene {
  readonly safe: SafeEmbedder
  readonly clock: ManualClock
  readonly calls: Call[]
  readonly events: EmbedderEvent[]
}

const vectorOf = (text: string): number[] => [text.length, 1]
const vectorsOf = (texts: readonly string[]): number[][] => texts.map(vectorOf)
const reasonOf = async (work: () => Awaitable<unknown>): Promise<string> => {
  try {
    await work()
    return 'none'
  } catch (error) {
    if (error instanceof EmbedderError || error instanceof VectorError) return error.reason
    throw error
  }
}
/** Enough microtasks for everything that is ready. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await undefined
}

/** A guarded embedder whose calls the test answers. */
function held(options: Partial<GuardOptions> = {}, embedder: Partial<Embedder> = {}): Scene {
  const calls: Call[] = []
  const answer = (texts: readonly string[], signal?: AbortSignal): Answer =>
    new Promise((resolve, reject) => calls.push({ texts, signal, resolve, reject }))
  return scene(answer, calls, options, embedder)
}

/** A guarded embedder that answers by itself. */
function answering(
  answer: (texts: readonly string[]) => Answer,
  options: Partial<GuardOptions> = {},
  embedder: Partial<Embedder> = {},
): Scene {
  const calls: Call[] = []
  const note = (texts: readonly string[], signal?: AbortSignal): Answer => {
    calls.push({ texts, signal, resolve: () => undefined, reject: () => undefined })
    return answer(texts)
  }
  return scene(note, calls, options, embedder)
}

function scene(embed: Embedder['embed'], calls: Call[], options: Partial<GuardOptions>, embedder: Partial<Embedder>): Scene {
  const clock = createManualClock()
  const events: EmbedderEvent[] = []
  const safe = guardEmbedder(
    { id: 'test:1', embed, ...embedder },
    { clock, timeoutMs: 1000, onEvent: (event) => events.push(event), ...options },
  )
  return { safe, clock, calls, events }
}

embedderContract({ describe, it }, 'guarded', () => {
  const safe = guardEmbedder(createHashEmbedder(), { clock: createManualClock() })
  const embedder: Embedder = {
    id: safe.id,
    embed: (texts, signal) => safe.embedMany(texts, signal?.aborted ? undefined : signal),
    close: () => safe.close(),
  }
  return { embedder }
})

describe('vectors', () => {
  it('have length 1', async () => {
    const { safe } = answering(async () => [[3, 4]])
    expect(await safe.embed('a')).toEqual(Float32Array.of(0.6, 0.8))
    expect(safe.dimensions).toBe(2)
  })

  it.each([1e-300, 1e-30, 1e30, 1e300])('have length 1 where parts are as large as %j', async (size) => {
    const { safe } = answering(async () => [[3 * size, 4 * size]])
    expect(await safe.embed('a')).toEqual(Float32Array.of(0.6, 0.8))
  })

  it('are copies', async () => {
    const buffer = Float32Array.of(1, 0)
    const { safe } = answering(async () => [buffer])
    const vector = await safe.embed('a')
    buffer.fill(9)
    expect(vector).toEqual(Float32Array.of(1, 0))
  })

  it.each([
    ['zero', [0, 0]],
    ['not-finite', [1, Number.NaN]],
    ['not-finite', [1, Number.POSITIVE_INFINITY]],
    ['not-finite', [1, undefined]],
    ['not-finite', ['1', '0']],
    ['dimension', [1, 2, 3]],
    ['dimension', []],
    ['unusable', undefined],
    ['unusable', { vector: [1, 2] }],
    ['unusable', 'text'],
  ])('are refused: %s %j', async (reason, vector) => {
    const { safe, events } = answering(async () => [vector as number[]], {}, { dimensions: 2 })
    expect(await reasonOf(() => safe.embed('a'))).toBe(reason)
    expect(events).toEqual([{ type: 'embedder-failed', embedder: 'test:1', reason, texts: 1 }])
  })

  it('are refused where they are of another length than the first', async () => {
    const { safe } = answering(async (texts) => texts.map((text) => Array(text.length).fill(1)))
    await safe.embed('ab')
    expect(await reasonOf(() => safe.embed('abc'))).toBe('dimension')
    expect(safe.dimensions).toBe(2)
  })

  it.each([[[]], [[[1], [2]]]])('are refused where there is not one a text: %j', async (vectors) => {
    const { safe } = answering(async () => vectors)
    expect(await reasonOf(() => safe.embed('a'))).toBe('wrong-count')
  })

  it('are refused where they are no list', async () => {
    const { safe } = answering(async () => ({ 0: [1], length: 1 }) as never)
    expect(await reasonOf(() => safe.embed('a'))).toBe('unusable')
  })

  it('that cannot be used spoil nobody else of the batch', async () => {
    const { safe } = answering(async (texts) => texts.map((text) => (text === 'bad' ? [0, 0] : [1, 0])))
    const outcomes = await Promise.all(['a', 'bad', 'b'].map((text) => reasonOf(() => safe.embed(text))))
    expect(outcomes).toEqual(['none', 'zero', 'none'])
    expect(safe.state).toBe('up')
  })
})

describe('asking', () => {
  it('puts texts of one moment into one call and equal ones into one text', async () => {
    const { safe, calls } = held()
    const asked = ['a', 'bb', 'a'].map((text) => safe.embed(text))
    await settled()
    expect(calls.map((call) => call.texts)).toEqual([['a', 'bb']])
    calls[0]?.resolve(vectorsOf(['a', 'bb']))
    const [first, , again] = await Promise.all(asked)
    expect(again).toBe(first)
  })

  it('joins a text that is on its way', async () => {
    const { safe, calls } = held()
    const first = safe.embed('a')
    await settled()
    const second = safe.embed('a')
    await settled()
    calls[0]?.resolve([[1, 0]])
    expect(await second).toBe(await first)
    expect(calls).toHaveLength(1)
  })

  it('makes calls of maxBatch, so many at a time, and gathers what comes meanwhile', async () => {
    const { safe, calls } = held({ maxBatch: 2, maxCalls: 2 })
    const asked = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((text) => safe.embed(text))
    await settled()
    expect(calls.map((call) => call.texts)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
    for (let at = 0; at < calls.length; at++) {
      calls[at]?.resolve(vectorsOf(calls[at]?.texts ?? []))
      await settled()
    }
    await Promise.all(asked)
    expect(calls.map((call) => call.texts.length)).toEqual([2, 2, 2, 1])
  })

  it('never asks for more than the embedder takes', async () => {
    const { safe, calls } = answering(async (texts) => vectorsOf(texts), { maxBatch: 10 }, { maxBatch: 3 })
    await safe.embedMany(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
    expect(calls.map((call) => call.texts.length)).toEqual([3, 3, 1])
  })

  it('refuses what finds no room in the queue, and only that', async () => {
    const { safe, calls } = held({ maxBatch: 1, maxCalls: 1, maxQueue: 2 })
    const first = safe.embed('a')
    await settled()
    const waiting = [safe.embed('b'), safe.embed('c')]
    expect(await reasonOf(() => safe.embed('d'))).toBe('busy')
    const joined = safe.embed('c')
    for (let at = 0; at < 3; at++) {
      calls[at]?.resolve([[1, at]])
      await settled()
    }
    await Promise.all([first, ...waiting, joined])
    expect(safe.state).toBe('up')
  })

  it('asks for many texts without filling the queue', async () => {
    const { safe } = answering(async (texts) => vectorsOf(texts), { maxBatch: 2, maxQueue: 3 })
    const texts = Array.from({ length: 50 }, (_, at) => 'x'.repeat(at + 1))
    const vectors = await safe.embedMany(texts)
    expect(vectors.map((vector) => Math.round((vector[0] as number) / (vector[1] as number)))).toEqual(texts.map((text) => text.length))
  })

  it('refuses texts that are too long', async () => {
    const { safe, calls } = held({ maxLength: 3 })
    expect(await reasonOf(() => safe.embed('abcd'))).toBe('too-long')
    expect(calls).toHaveLength(0)
  })
})

describe('an embedder that answers at once', () => {
  it('is answered at once where it is cheap, and keeps nothing', () => {
    const { safe, calls } = answering((texts) => vectorsOf(texts), {}, { cheap: true })
    expect(safe.embed('a')).toBeInstanceOf(Float32Array)
    expect(safe.embed('a')).toBeInstanceOf(Float32Array)
    expect(safe.embedMany(['a', 'b'])).toHaveLength(2)
    expect(calls).toHaveLength(4)
  })

  it('is answered at once from its second text on where nobody knew', async () => {
    const { safe } = answering((texts) => vectorsOf(texts))
    expect(safe.embed('a')).toBeInstanceOf(Promise)
    await settled()
    expect(safe.embed('b')).toBeInstanceOf(Float32Array)
  })

  it('may answer later for once', async () => {
    let later = true
    const { safe, calls } = answering((texts) => (later ? Promise.resolve(vectorsOf(texts)) : vectorsOf(texts)), {}, { cheap: true })
    const first = safe.embed('a')
    expect(safe.embed('a')).toBeInstanceOf(Promise)
    expect(await first).toBeInstanceOf(Float32Array)
    later = false
    await safe.embed('b')
    expect(safe.embed('c')).toBeInstanceOf(Float32Array)
    expect(calls.map((call) => call.texts)).toEqual([['a'], ['b'], ['c']])
  })

  it('that answers later after all has a deadline', async () => {
    const { safe, clock } = answering(() => new Promise(() => undefined), {}, { cheap: true })
    const asked = reasonOf(() => safe.embed('a'))
    clock.advance(1000)
    expect(await asked).toBe('timeout')
    expect(clock.pending()).toBe(0)
  })

  it('throws at once what is wrong', () => {
    const { safe } = answering(() => [[0, 0]], {}, { cheap: true })
    expect(() => safe.embed('a')).toThrow(VectorError)
    expect(() => safe.embedMany(['a'])).toThrow(VectorError)
  })
})

describe('vectors that were paid for', () => {
  it('are kept', async () => {
    const { safe, calls } = answering(async (texts) => vectorsOf(texts))
    const first = await safe.embed('a')
    expect(safe.embed('a')).toBe(first)
    expect(calls).toHaveLength(1)
    expect(safe.counts).toEqual({ calls: 1, texts: 1, kept: 1, failed: 0 })
  })

  it.each([{ cacheEntries: 2 }, { cacheBytes: 2 * (8 + 250) }])('are kept within bounds: %j', async (bounds) => {
    const { safe, calls } = answering(async (texts) => vectorsOf(texts), bounds)
    for (const text of ['a', 'b', 'c', 'c', 'b', 'a']) await safe.embed(text)
    expect(calls.map((call) => call.texts[0])).toEqual(['a', 'b', 'c', 'a'])
  })

  it('are kept where they came too late', async () => {
    const { safe, calls, clock } = held()
    const asked = reasonOf(() => safe.embed('a'))
    await settled()
    clock.advance(1000)
    expect(await asked).toBe('timeout')
    calls[0]?.resolve([[1, 0]])
    await settled()
    expect(safe.embed('a')).toBeInstanceOf(Float32Array)
  })
})

describe('time', () => {
  it('ends for one who waits, in the queue too, and aborts what nobody waits for', async () => {
    const { safe, calls, clock, events } = held({ maxBatch: 1, maxCalls: 1 })
    const asked = ['a', 'b'].map((text) => reasonOf(() => safe.embed(text)))
    await settled()
    clock.advance(1000)
    expect(await Promise.all(asked)).toEqual(['timeout', 'timeout'])
    expect(calls).toHaveLength(1)
    expect(calls[0]?.signal?.reason).toMatchObject({ reason: 'timeout' })
    expect(events).toEqual([{ type: 'embedder-failed', embedder: 'test:1', reason: 'timeout', texts: 1 }])
    expect(clock.pending()).toBe(0)
  })

  it('of one who came later is not over with it', async () => {
    const { safe, calls, clock } = held()
    const early = reasonOf(() => safe.embed('a'))
    await settled()
    clock.advance(600)
    const late = safe.embed('a')
    clock.advance(400)
    expect(await early).toBe('timeout')
    expect(calls[0]?.signal?.aborted).toBe(false)
    calls[0]?.resolve([[1, 0]])
    expect(await late).toBeInstanceOf(Float32Array)
  })

  it('of the caller can end earlier; that is nobody to blame for', async () => {
    const { safe, calls, events } = held()
    const [mine, other] = [new AbortController(), new AbortController()]
    const asked = [mine, other].map(({ signal }) => reasonOf(() => safe.embed('a', signal)))
    await settled()
    mine.abort()
    expect(await asked[0]).toBe('aborted')
    expect(calls[0]?.signal?.aborted).toBe(false)
    other.abort()
    expect(await asked[1]).toBe('aborted')
    expect(calls[0]?.signal?.aborted).toBe(true)
    expect(events).toEqual([])
    expect(await reasonOf(() => safe.embed('a', AbortSignal.abort()))).toBe('aborted')
  })
})

describe('an embedder that fails', () => {
  it('is told of, with its error as the cause and no text', async () => {
    const { safe, events } = answering(async () => {
      throw new Error('quota')
    })
    const error = await Promise.resolve(safe.embed('secret question')).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'EmbedderError', reason: 'failed', cause: { message: 'quota' } })
    expect(`${error}${JSON.stringify(events)}`).not.toContain('secret')
    expect(safe.counts.failed).toBe(1)
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
    ['rejects with an error of ours', () => Promise.reject(new EmbedderError('failed', 'down'))],
    ['answers rubbish', () => Promise.resolve([[0, 0]])],
  ])('again and again is asked once in a while until it works: it %s', async (_name, fail) => {
    let works = false
    const { safe, clock, calls, events } = answering((texts) => (works ? Promise.resolve(vectorsOf(texts)) : fail()))
    for (let at = 0; at < 5; at++) await reasonOf(() => safe.embed(`a${at}`))
    expect(safe.state).toBe('down')
    expect(await reasonOf(() => safe.embed('b'))).toBe('open')
    expect(calls).toHaveLength(5)
    // Waits of 1 s, then 2 s, with one call at the end of each.
    clock.advance(1000)
    expect(await reasonOf(() => safe.embed('b'))).not.toBe('open')
    expect(await reasonOf(() => safe.embed('b'))).toBe('open')
    clock.advance(1999)
    expect(await reasonOf(() => safe.embed('b'))).toBe('open')
    clock.advance(1)
    works = true
    expect(await safe.embed('b')).toBeInstanceOf(Float32Array)
    expect(safe.state).toBe('up')
    expect(await safe.embed('c')).toBeInstanceOf(Float32Array)
    expect(events.filter((event) => event.type === 'embedder-state').map((event) => event.state)).toEqual(['down', 'up'])
  })

  it('lets one call through to find out, not all', async () => {
    const { safe, clock, calls } = held({ maxBatch: 1 })
    for (let at = 0; at < 5; at++) {
      const asked = reasonOf(() => safe.embed(`a${at}`))
      await settled()
      calls.at(-1)?.reject(new Error('down'))
      await asked
    }
    clock.advance(1000)
    const asked = ['b', 'c', 'd'].map((text) => reasonOf(() => safe.embed(text)))
    await settled()
    expect(calls).toHaveLength(6)
    calls.at(-1)?.resolve([[1, 0]])
    expect(await Promise.all(asked)).toEqual(['none', 'open', 'open'])
  })

  it('that hangs is not asked without end', async () => {
    const { safe, clock, calls } = held()
    for (let asks = 0; asks < 24 * 60 * 6; asks++) {
      const asked = reasonOf(() => safe.embed(`a${asks}`))
      await settled()
      clock.advance(10_000)
      await asked
    }
    expect(safe.state).toBe('down')
    expect(calls.length).toBeLessThan(100)
  })
})

describe('closing', () => {
  it('aborts what runs, refuses what waits and what comes, and closes the embedder once', async () => {
    let closes = 0
    const { safe, calls, clock } = held({ maxBatch: 1, maxCalls: 1 }, { close: () => void closes++ })
    const asked = ['a', 'b'].map((text) => reasonOf(() => safe.embed(text)))
    await settled()
    await Promise.all([safe.close(), safe.close()])
    expect(await Promise.all(asked)).toEqual(['aborted', 'aborted'])
    expect(calls.map((call) => call.signal?.aborted)).toEqual([true])
    expect(await reasonOf(() => safe.embed('c'))).toBe('aborted')
    expect(closes).toBe(1)
    expect(clock.pending()).toBe(0)
  })

  it('does not fail or hang with the embedder', async () => {
    const failing = held({}, { close: () => Promise.reject(new Error('no')) })
    await failing.safe.close()
    const hanging = held({}, { close: () => new Promise<void>(() => undefined) })
    const closing = hanging.safe.close()
    await settled()
    hanging.clock.advance(1000)
    await closing
  })
})

describe('wrong options', () => {
  const clock = createManualClock()
  it.each([
    { timeoutMs: 0 },
    { maxBatch: 1.5 },
    { maxCalls: -1 },
    { maxQueue: Number.NaN },
    { maxLength: 0 },
    { cacheEntries: 0 },
    { cacheBytes: 'all' },
    { timeout: 5 },
  ])('are refused: %j', (options) => {
    expect(() => guardEmbedder(createHashEmbedder(), { clock, ...options } as GuardOptions)).toThrow(OptionError)
  })

  const embed: Embedder['embed'] = (texts) => vectorsOf(texts)
  it.each([
    ['embedder', undefined],
    ['embedder', 'openai'],
    ['embedder.embed', { id: 'a' }],
    ['embedder.id', { id: '', embed }],
    ['embedder.id', { id: 'a b', embed }],
    ['embedder.id', { embed }],
    ['embedder.dimensions', { id: 'a', embed, dimensions: 0 }],
    ['embedder.maxBatch', { id: 'a', embed, maxBatch: 1.5 }],
    ['embedder.cheap', { id: 'a', embed, cheap: 1 }],
    ['embedder.close', { id: 'a', embed, close: true }],
    ['embedder.calibration', { id: 'a', embed, calibration: 0.9 }],
    ['embedder.calibration.median', { id: 'a', embed, calibration: { median: 2, scale: 0.1 } }],
    ['embedder.calibration.scale', { id: 'a', embed, calibration: { median: 0.5, scale: 0 } }],
    ['embedder.calibration.threshold', { id: 'a', embed, calibration: { median: 0.5, scale: 0.1, threshold: 95 } }],
  ])('are named: %s', (option, embedder) => {
    expect(() => guardEmbedder(embedder as Embedder, { clock })).toThrow(expect.objectContaining({ name: 'OptionError', option }))
  })
})
