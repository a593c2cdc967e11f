// What was aimed at, and what was measured.

const isBound = (basis, maxErrorRate, z) => (cell) => cell.basis === basis && cell.maxErrorRate === maxErrorRate && cell.z === z

/** @returns [{ name, wanted, measured, met }], only for what was run */
export function compareWithTargets({ cells, pairs, templates, cost }) {
  const adaptive = cells.filter(({ policy }) => policy === 'adaptive')
  const rows = []
  const strict = adaptive.filter(isBound('requests', 0.01, 2))
  for (const { embedder, set, held, seeds, hits } of strict) {
    rows.push(row(`1 % of requests, ${set}, ${embedder}: kept`, `${seeds} of ${seeds} seeds`, `${held} of ${seeds}`, held === seeds))
    const wanted = HITS[embedder]?.[set]
    if (wanted !== undefined)
      rows.push(row(`1 % of requests, ${set}, ${embedder}: hits`, `${wanted} %`, `${hits.mean} %`, hits.mean >= wanted))
  }
  for (const { set, embedder, hits } of adaptive.filter(isBound('hits', 0.02, 2)).filter(({ set }) => set === 'banking77')) {
    rows.push(row(`2 % of hits, ${set}, ${embedder}: hits`, '25 %', `${hits.mean} %`, hits.mean >= 25))
  }
  for (const theirs of cells.filter(({ policy }) => policy === 'vcache')) {
    const { set, embedder, maxErrorRate } = theirs
    const ours = adaptive.filter(isBound('requests', maxErrorRate, 2)).find((cell) => cell.set === set && cell.embedder === embedder)
    if (!ours) continue
    const times = theirs.hits.mean === 0 ? Number.POSITIVE_INFINITY : ours.hits.mean / theirs.hits.mean
    rows.push(row(`vCache's hits, ${set}, ${embedder}, ${100 * maxErrorRate} %`, '3 times', `${times.toFixed(1)} times`, times >= 3))
  }
  if (pairs.length > 0) {
    const false_ = Math.max(...pairs.map(({ minimal }) => (minimal.alike === 0 ? 0 : minimal.alikeServed / minimal.alike)))
    const kept = Math.min(...pairs.map(({ same }) => same.served / same.pairs))
    rows.push(row('minimal pairs at cosine 0.85 and more: served', '<= 3 %', percent(false_), false_ <= 0.03))
    rows.push(row('paraphrases: served', '>= 50 %', percent(kept), kept >= 0.5))
  }
  for (const { basis, wrongOfHits } of templates)
    rows.push(row(`templates (bound on ${basis}): precision`, '>= 95 %', `${(100 - wrongOfHits.mean).toFixed(1)} %`, wrongOfHits.mean <= 5))
  for (const [size, most] of [
    [10_000, 100],
    [100_000, 500],
  ]) {
    if (cost[size])
      rows.push(
        row(
          `decision among ${size}`,
          `<= ${most} us`,
          `${cost[size].total.median} us (CPU ${cost[size].cpu})`,
          cost[size].total.median <= most,
        ),
      )
  }
  if (cost.refit) rows.push(row('learning holds the event loop', '<= 10 ms', `${cost.refit.longest} ms`, cost.refit.longest <= 10))
  if (cost.namespaces) {
    const { lookups, crossed } = cost.namespaces
    rows.push(row(`of another namespace in ${lookups} lookups`, '0', String(crossed), crossed === 0))
  }
  return rows
}

function row(name, wanted, measured, met) {
  return { name, wanted, measured, met: met ? 'yes' : 'no' }
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`
}

const HITS = {
  hash: { banking77: 27, clinc150: 22, hwu64: 5 },
  use: { banking77: 30, clinc150: 22, hwu64: 5 },
}
