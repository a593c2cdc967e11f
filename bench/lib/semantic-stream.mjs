// One stream of prompts through a decision policy: what is served, and what of it is wrong.

import { compareTexts, createFrequencies, evidenceOf, featuresOf, matchable, standingOf } from './semantic-core.mjs'
import { streamOrder } from './semantic-data.mjs'
import { seeded } from './trace.mjs'

const NEIGHBOURS = 16
/** Groups besides the nearest whose answers a new one is compared with. */
const MERGES = 3

/**
 * @param set { prompts: [{ text, label, profile }], nearest, calibration }
 * @param createPolicy from { random, now } to a decision policy
 * @param noise judges that err: share of equal answers called different, of different ones called equal
 * @param labelOf the label of the prompt at a place of the stream, 0 to 1; for drift
 * @param aliases false: a prompt whose answer was judged the same as that of the nearest entry becomes no entry, as vCache has it
 * @param lifetime requests after which an entry is gone
 * @param onDecision (candidate, decision, same) of every request next to an entry
 */
export function runStream(set, options) {
  const { createPolicy, seed, guards, noise, minTokens = 3, onLabel, labelOf, aliases = true, lifetime = Infinity, onDecision } = options
  const { prompts, nearest, calibration } = set
  const random = seeded(seed * 7919 + 13)
  let at = 0
  const policy = createPolicy({ random, now: () => at })
  const order = streamOrder(prompts.length, seed)
  const frequencies = createFrequencies()
  const groupOf = new Int32Array(prompts.length).fill(-1)
  const addedAt = new Int32Array(prompts.length)
  const isKept = (index) => groupOf[index] >= 0 && at - addedAt[index] <= lifetime
  const groups = []
  const result = { requests: order.length, hits: 0, wrong: 0, laterHits: 0, laterWrong: 0, refused: 0, vetoed: 0, judged: 0, reach: [] }
  const judge = (same) => (noise && random() < (same ? noise.different : noise.equal) ? !same : same)

  for (at = 0; at < order.length; at++) {
    const index = order[at]
    const truth = labelOf ? labelOf(prompts[index], at / order.length) : prompts[index].label
    const { profile } = prompts[index]
    const neighbours = matchable(profile, minTokens) === undefined ? neighboursOf(nearest, index, groupOf, isKept) : []
    const found = neighbours.length > 0 ? candidateOf(neighbours) : undefined
    const decision = policy.decide(found?.candidate)
    if (found?.candidate) onDecision?.(found.candidate, decision, groups[found.group].label === truth)
    if (decision.action === 'serve') {
      policy.served?.(found.candidate, decision)
      const wrong = groups[found.group].label !== truth
      const later = at >= order.length / 2
      result.hits++
      if (wrong) result.wrong++
      if (later) result.laterHits++
      if (later && wrong) result.laterWrong++
    } else keep(index, truth, neighbours, found, decision)
    if (at % 500 === 499) result.reach.push([result.hits, result.wrong])
    for (const work = policy.work?.(); work && !work.next().done; );
  }
  result.state = policy.inspect()
  result.groups = groups.length
  return result

  function candidateOf(neighbours) {
    const standing = standingOf(neighbours, policy.considers)
    const { index, group, similarity } = standing.nearest
    const text = compareTexts(prompts[order[at]].profile, prompts[index].profile, frequencies, guards)
    if (text.vetoes.length > 0) {
      result.vetoed++
      return { group: group, candidate: undefined }
    }
    const witness = (each) => ({ words: prompts[each.index].profile, similarity: each.similarity })
    const evidence = evidenceOf(prompts[order[at]].profile, standing.own.map(witness), standing.rivals.map(witness), frequencies)
    const features = featuresOf(standing, evidence, groups[group].size, text, calibration)
    return { group, candidate: { features, similarity, entryId: String(index) } }
  }

  /** The origin answered: its answer is kept, and judged against those of the nearest groups. */
  function keep(index, truth, neighbours, found, decision) {
    frequencies.add(prompts[index].profile)
    let group = -1
    if (found) {
      const same = judge(groups[found.group].label === truth)
      result.judged++
      if (found.candidate) {
        policy.learn({ candidate: found.candidate, decision, same })
        onLabel?.(found.candidate.features, same)
      }
      if (same) group = found.group
      if (same && !aliases) return
      const tried = new Set([found.group])
      for (const neighbour of neighbours) {
        if (group >= 0 || !aliases || tried.size > MERGES) break
        if (tried.has(neighbour.group)) continue
        tried.add(neighbour.group)
        result.judged++
        if (judge(groups[neighbour.group].label === truth)) group = neighbour.group
      }
    }
    if (group < 0) group = groups.push({ label: truth, size: 0 }) - 1
    groups[group].size++
    groupOf[index] = group
    addedAt[index] = at
  }
}

function neighboursOf({ k, indexes, cosines }, index, groupOf, isKept) {
  const found = []
  for (let rank = 0; rank < k && found.length < NEIGHBOURS; rank++) {
    const other = indexes[index * k + rank]
    if (other < 0) break
    if (isKept(other)) found.push({ index: other, id: String(other), similarity: cosines[index * k + rank], group: groupOf[other] })
  }
  return found
}
