import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Neighbour, standingOf } from '../../../src/semantic/rule/standing.js'

function neighbours(...given: readonly (readonly [similarity: number, group: string])[]): Neighbour[] {
  return given.map(([similarity, group], index) => ({ id: `n${index}`, similarity, group }))
}

const neighboursArbitrary = fc
  .array(
    fc.tuple(
      fc.integer({ min: -100, max: 100 }).map((value) => value / 100),
      fc.constantFrom('a', 'b', 'c'),
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((given) => neighbours(...given.sort(([a], [b]) => b - a)))

describe('standingOf', () => {
  it('measures how much nearer the nearest is than the nearest of another group', () => {
    const standing = standingOf(neighbours([0.9, 'a'], [0.85, 'a'], [0.7, 'b'], [0.6, 'c']), 'group')
    expect(standing.nearest.id).toBe('n0')
    expect(standing.margin).toBeCloseTo(0.2, 12)
    expect(standing.groups).toBe(3)
    const weights = [0.9, 0.85, 0.7, 0.6].map((similarity) => Math.exp(20 * (similarity - 0.9)))
    expect(standing.vote).toBeCloseTo(((weights[0] as number) + (weights[1] as number)) / weights.reduce((a, b) => a + b), 12)
  })

  it('speaks for the group that most of what is near belongs to, though another entry is nearer still', () => {
    const standing = standingOf(neighbours([0.9, 'a'], [0.89, 'b'], [0.88, 'b'], [0.5, 'b']), 'group')
    expect(standing.nearest.id).toBe('n1')
    expect(standing.margin).toBeCloseTo(-0.01, 12)
    expect(standing.lead).toBeCloseTo((0.89 + 0.88 + 0.5) / 3 - (0.9 + 0.5 + 0.5) / 3, 12)
    expect(standingOf(neighbours([0.9, 'a'], [0.7, 'b'], [0.7, 'b']), 'group').nearest.id).toBe('n0')
  })

  it('is that of the nearest where it is asked for, and where that is the same but for its spelling', () => {
    const given = [
      [0.9, 'a'],
      [0.89, 'b'],
      [0.88, 'b'],
      [0.5, 'b'],
    ] as const
    expect(standingOf(neighbours(...given)).nearest.id).toBe('n0')
    const twin = neighbours([0.996, 'a'], [0.99, 'b'], [0.99, 'b'], [0.99, 'b'])
    expect(standingOf(twin, 'group')).toMatchObject({ nearest: { id: 'n0' }, groups: 2 })
    expect(standingOf(twin, 'group').vote).toBeLessThan(0.5)
  })

  it('leads by its three nearest over the group with the next most votes, not over the next nearest', () => {
    const standing = standingOf(neighbours([0.9, 'a'], [0.8, 'c'], [0.79, 'b'], [0.78, 'b'], [0.77, 'b'], [0.6, 'a']), 'group')
    expect(standing.lead).toBeCloseTo((0.9 + 0.6 + 0.6) / 3 - (0.79 + 0.78 + 0.77) / 3, 12)
    expect(standingOf(neighbours([0.9, 'a'], [0.8, 'a']), 'group').lead).toBeCloseTo((0.9 + 0.8 + 0.8) / 3 - 0.7, 12)
  })

  it('takes a rival that was not found for farther than all that were', () => {
    expect(standingOf(neighbours([0.9, 'a'], [0.8, 'a']), 'group').margin).toBeCloseTo(0.2, 12)
    expect(standingOf(neighbours([0.9, 'a']), 'group').margin).toBeCloseTo(0.1, 12)
    expect(standingOf(neighbours([0.05, 'a']), 'group').margin).toBeCloseTo(0.05, 12)
  })

  it('has a margin of 0 and half of the vote where two groups are as near', () => {
    const { margin, vote } = standingOf(neighbours([0.8, 'a'], [0.8, 'b']), 'group')
    expect(margin).toBe(0)
    expect(vote).toBe(0.5)
  })

  it('is finite and within its ranges whatever the neighbours are', () => {
    fc.assert(
      fc.property(neighboursArbitrary, (given) => {
        const { nearest, margin, lead, vote, groups, own, rivals } = standingOf(given, 'group')
        for (const distance of [margin, lead]) expect(Math.abs(distance)).toBeLessThanOrEqual(2)
        expect(new Set([...own, ...rivals])).toEqual(new Set(given))
        expect(own[0]).toBe(nearest)
        expect(own.every(({ group }) => group === nearest.group)).toBe(true)
        expect(rivals.some(({ group }) => group === nearest.group)).toBe(false)
        expect(vote).toBeGreaterThan(0)
        expect(vote).toBeLessThanOrEqual(1)
        expect(groups).toBe(new Set(given.map(({ group }) => group)).size)
      }),
    )
  })
})
