/** How the nearest entries stand to each other: which group of equal answers they speak for, and how clearly. */

export interface Neighbour {
  readonly id: string
  /** Cosine. */
  readonly similarity: number
  /** Entries that were judged to answer the same share a group. */
  readonly group: string
}

export interface Standing<N extends Neighbour = Neighbour> {
  /** The nearest of the group that is considered. */
  readonly nearest: N
  /** How much nearer it is than the nearest of another group, below 0 where that one is nearer; the farthest there is stands for one where there is none. */
  readonly margin: number
  /** How much nearer the three nearest of its group are, on average, than those of the group with the next most votes. */
  readonly lead: number
  /** Share of exp(20 (cosine - best)) over all neighbours that its group has, 0 to 1. */
  readonly vote: number
  /** Groups among the neighbours. */
  readonly groups: number
  /** The neighbours of its group, nearest first. */
  readonly own: readonly N[]
  /** Those of other groups, nearest first. */
  readonly rivals: readonly N[]
}

/**
 * @param neighbours best first, at least one
 * @param considers whose standing: as `DecisionPolicy.considers`
 */
export function standingOf<N extends Neighbour>(neighbours: readonly N[], considers: 'nearest' | 'group' = 'nearest'): Standing<N> {
  const { group: nearestGroup, similarity: best } = neighbours[0] as N
  const votes = new Map<string, number>()
  let all = 0
  for (const { group, similarity } of neighbours) {
    const weight = Math.exp(SHARPNESS * (similarity - best))
    all += weight
    votes.set(group, (votes.get(group) ?? 0) + weight)
  }
  const chosen = considers === 'nearest' || best >= SAME ? nearestGroup : (mostVoted(votes) as string)
  const second = mostVoted(votes, chosen)
  const own = neighbours.filter(({ group }) => group === chosen)
  const rivals = neighbours.filter(({ group }) => group !== chosen)
  const nearest = own[0] as N
  const farthest = (neighbours.at(-1) as N).similarity
  const floor = Math.max(0, farthest - UNSEEN_RIVAL)
  const next = rivals.filter(({ group }) => group === second)
  return {
    nearest,
    margin: nearest.similarity - (rivals[0]?.similarity ?? floor),
    lead: meanOf(own, farthest) - (next.length > 0 ? meanOf(next, farthest) : floor),
    vote: (votes.get(chosen) as number) / all,
    groups: votes.size,
    own,
    rivals,
  }
}

/** Of equal votes the nearer group. @param but a group that is left out */
function mostVoted(votes: ReadonlyMap<string, number>, but?: string): string | undefined {
  let first: string | undefined
  let most = 0
  for (const [group, vote] of votes) {
    if (group === but || vote <= most) continue
    first = group
    most = vote
  }
  return first
}

/** Of the three nearest; who was not found is as far as the farthest that was. */
function meanOf(group: readonly Neighbour[], farthest: number): number {
  let sum = 0
  for (let at = 0; at < LEADERS; at++) sum += group[at]?.similarity ?? farthest
  return sum / LEADERS
}

const SHARPNESS = 20
const LEADERS = 3
/** From this cosine on two prompts differ in spelling alone. */
const SAME = 0.995
/** Whatever was not found is at least this much farther than the last that was. */
const UNSEEN_RIVAL = 0.1
