// The nearest neighbours of every prompt of a set among all others: streams choose from them those that came before and are kept.

/**
 * @param vectors of length 1, one a prompt
 * @returns for each prompt the indexes and cosines of the `k` nearest, best first, -1 where there are fewer
 */
export function nearestOfAll(vectors, k, least = 0.1) {
  const count = vectors.length
  const dimensions = vectors[0].length
  const columns = Array.from({ length: dimensions }, () => ({ at: [], value: [] }))
  for (const [row, vector] of vectors.entries()) {
    for (let column = 0; column < dimensions; column++) {
      if (vector[column] === 0) continue
      columns[column].at.push(row)
      columns[column].value.push(vector[column])
    }
  }
  const lists = columns.map(({ at, value }) => ({ at: Int32Array.from(at), value: Float32Array.from(value) }))
  const nearest = { k, indexes: new Int32Array(count * k).fill(-1), cosines: new Float32Array(count * k) }
  const sums = new Float32Array(count)
  for (let row = 0; row < count; row++) {
    sums.fill(0)
    for (let column = 0; column < dimensions; column++) {
      const weight = vectors[row][column]
      if (weight === 0) continue
      const { at, value } = lists[column]
      for (let index = 0; index < at.length; index++) sums[at[index]] += weight * value[index]
    }
    sums[row] = -1
    const found = []
    for (let other = 0; other < count; other++) if (sums[other] > least) found.push(other)
    found.sort((a, b) => sums[b] - sums[a])
    for (let rank = 0; rank < Math.min(k, found.length); rank++) {
      nearest.indexes[row * k + rank] = found[rank]
      nearest.cosines[row * k + rank] = sums[found[rank]]
    }
  }
  return nearest
}
