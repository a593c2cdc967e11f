// Vectors at random, always the same ones for the same seed.

/** `near()` draws one of a group, `apart()` one of none. All have length 1; every second group has a part in common. */
export function createClusters(seed, { dimensions, count }) {
  const next = gaussian(seed)
  const common = unit(next, dimensions)
  const centres = Array.from({ length: Math.ceil(count / 20) }, () => unit(next, dimensions))
  const scale = 1 / Math.sqrt(dimensions)
  return {
    near() {
      const group = Math.floor(Math.abs(next()) * 1e6) % centres.length
      const centre = centres[group]
      const spread = 0.2 + Math.min(1, Math.abs(next()) * 0.5)
      const share = group % 2
      const vector = new Float32Array(dimensions)
      for (let at = 0; at < dimensions; at++) vector[at] = centre[at] + next() * spread * scale + common[at] * share
      return toLengthOne(vector)
    },
    apart: () => unit(next, dimensions),
  }
}

function unit(next, dimensions) {
  return toLengthOne(Float32Array.from({ length: dimensions }, next))
}

function toLengthOne(vector) {
  let sum = 0
  for (const part of vector) sum += part * part
  const scale = 1 / Math.sqrt(sum)
  return vector.map((part) => part * scale)
}

/** Normally distributed numbers. Mulberry32 and Box-Muller. */
function gaussian(seed) {
  let state = seed
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
}
