import { describe, expect, it } from 'vitest'
import { EmbedderError, OptionError } from '../../../src/errors.js'
import { similarityJudge } from '../../../src/semantic/judges/similarity.js'
import type { Judge } from '../../../src/semantic/ports.js'
import { judgement, verdict } from './samples.js'

/** A judge whose embedder finds every two texts so similar. */
function at(cosine: number): Judge {
  const embed = (texts: readonly string[]): number[][] =>
    texts.map((_, index) => (index === 0 ? [2, 0] : [cosine, Math.sqrt(1 - cosine ** 2)]))
  return similarityJudge({ embedder: { embed } })
}

describe('similarityJudge', () => {
  it('goes by the cosine, with a gap in between', async () => {
    const [a, b] = ['You can pay by card or by bank transfer.', 'We accept Visa as well as payments from your account.']
    for (const [cosine, expected] of [
      [0.99, 'same'],
      [0.91, 'same'],
      [0.89, undefined],
      [0.61, undefined],
      [0.59, 'different'],
      [-0.5, 'different'],
    ] as const)
      expect([cosine, await verdict(at(cosine), a, b)]).toEqual([cosine, expected])
  })

  it.each([
    ['Yes.', 'No.'],
    ['Yes, you can.', 'No, you cannot.'],
    ['Ja.', 'Nein.'],
    ['True', 'False'],
    ['It costs $5.', 'It costs $7.'],
    ['Within 14 days.', 'Within 30 days.'],
    ['You can return it.', 'You can not return it.'],
    ['Turn it on first.', 'Turn it off first.'],
    ['It opens on Monday.', 'It opens on Tuesday.'],
    ['Use version 2.1.', 'Use version 3.0.'],
  ])('finds short answers different, however similar: %j, %j', async (a, b) => {
    expect(await verdict(at(0.99), a, b)).toBe('different')
  })

  it.each([
    ['names', 'Please write to Anna Miller.', 'Please write to Peter Smith.'],
    ['code', 'Run `npm ci`.', 'Run `npm i`.'],
    [
      'languages',
      'You can pay by card or by bank transfer whenever you want.',
      'Sie können jederzeit mit der Karte oder per Überweisung bezahlen.',
    ],
    ['a figure more', 'The fee is charged every month.', 'The fee of 5 euros is charged every month.'],
    ['denial', 'Delivery to Norway works fine.', 'Delivery to Norway does not work these days.'],
  ])('is never sure of the same where there is a conflict of %s', async (_name, a, b) => {
    expect(await verdict(at(0.99), a, b)).not.toBe('same')
  })

  it('is not sure of long answers with other figures, nor of those that it cannot see whole', async () => {
    const long = 'The contract says a lot about how and when the parties may end it. '.repeat(10)
    expect(await verdict(at(0.99), `${long}The notice period is 14 days.`, `${long}The notice period is 30 days.`)).toBeUndefined()
    expect(await verdict(at(0.99), long, `${long}That is all.`)).toBe('same')
    expect(await verdict(at(0.99), long.repeat(10), `${long.repeat(10)}Or not.`)).toBeUndefined()
  })

  it.each([
    ['Paris.', 'The capital of France is Paris.'],
    ['Sure! You can pay by card.', 'You can pay by card.'],
    ['No problem, you can pay by card.', 'You can pay by card.'],
  ])('does not take a longer answer for another one: %j, %j', async (a, b) => {
    expect(await verdict(at(0.3), a, b)).not.toBe('different')
    expect(await verdict(at(0.95), a, b)).toBe('same')
  })

  it('hands the signal on, and no more than 4000 characters', async () => {
    const { signal } = new AbortController()
    let seen: unknown[] = []
    const embedder = {
      embed: (...args: unknown[]) => {
        seen = args
        return [[1], [1]]
      },
    }
    await similarityJudge({ embedder }).judge({ ...judgement('a'.repeat(5000), 'b'), signal })
    expect(seen).toEqual([['a'.repeat(4000), 'b'], signal])
  })

  it.each([
    [[[1, 0]]],
    [
      [
        [0, 0],
        [1, 0],
      ],
    ],
    [[[Number.NaN], [1]]],
    [[[1, 0], [1]]],
    [[]],
  ])('refuses vectors like %j', async (vectors) => {
    const judge = similarityJudge({ embedder: { embed: () => vectors } })
    await expect(judge.judge(judgement('a', 'b'))).rejects.toBeInstanceOf(EmbedderError)
  })

  it.each([
    [{}, 'embedder'],
    [{ embedder: { embed: () => [] }, same: 2 }, 'same'],
    [{ embedder: { embed: () => [] }, different: 'low' }, 'different'],
    [{ embedder: { embed: () => [] }, same: 0.5 }, 'different'],
    [{ embedder: { embed: () => [] }, smae: 1 }, 'smae'],
    [undefined, 'options'],
  ])('refuses options like %j', (options, option) => {
    const create = (): Judge => similarityJudge(options as never)
    expect(create).toThrow(OptionError)
    expect(create).toThrow(expect.objectContaining({ option }))
  })
})
