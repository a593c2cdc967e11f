/** How the nearest entries stand to each other: which group of equal answers is nearest, and how clearly. */

export interface Neighbour {
  readonly id: string
  /** Cosine. */
  readonly similarity: number
  /** Entries that were judged to answer the same share a group. */
  readonly group: string
}

export interface Standing {
  /** The nearest of all. */
  readonly nearest: Neighbour
  /** How much nearer it is than the nearest of another group; the farthest there is stands for one where there is none. */
  readonly margin: number
  /** Share of exp(20 (cosine - best)) over all neighbours that its group has, 0 to 1. */
  readonly vote: number
  /** Share of the neighbours that are of its group. */
  readonly agreement: number
  /** Groups among the neighbours. */
  readonly groups: number
}

/** @param neighbours best first, at least one */
export function standingOf(neighbours: readonly Neighbour[]): Standing {
  const nearest = neighbours[0] as Neighbour
  const groups = new Set<string>()
  let own = 0
  let all = 0
  let agreeing = 0
  let rival: Neighbour | undefined
  for (const each of neighbours) {
    const weight = Math.exp(SHARPNESS * (each.similarity - nearest.similarity))
    all += weight
    groups.add(each.group)
    if (each.group === nearest.group) {
      own += weight
      agreeing++
    } else rival ??= each
  }
  const floor = Math.max(0, (neighbours.at(-1) as Neighbour).similarity - UNSEEN_RIVAL)
  return {
    nearest,
    margin: nearest.similarity - (rival?.similarity ?? floor),
    vote: own / all,
    agreement: agreeing / neighbours.length,
    groups: groups.size,
  }
}

const SHARPNESS = 20
/** Whatever was not found is at least this much farther than the last that was. */
const UNSEEN_RIVAL = 0.1
