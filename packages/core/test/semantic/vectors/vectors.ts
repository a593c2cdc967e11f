/** Vectors at random, always the same ones. */

/** Normally distributed numbers. Mulberry32 and Box-Muller. */
export function gaussian(seed: number): () => number {
  let state = seed
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
}

export function unitVector(next: () => number, dimensions: number): Float32Array {
  return toLengthOne(Float32Array.from({ length: dimensions }, next))
}

export function toLengthOne(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, part) => sum + part * part, 0))
  return vector.map((part) => part / length)
}

/** Vectors in groups of about twenty: `spread` 0.3 puts them at cosines of 0.9, 1 at 0.5. `common`: a part that all of them have. */
export function clusters(
  next: () => number,
  { dimensions, count, common = 0 }: { dimensions: number; count: number; common?: number },
): (spread: number) => Float32Array {
  const shared = unitVector(next, dimensions)
  const centres = Array.from({ length: Math.ceil(count / 20) }, () => unitVector(next, dimensions))
  return (spread) => {
    const at = Math.floor(Math.abs(next()) * 1e6) % centres.length
    const centre = centres[at] as Float32Array
    const noise = spread / Math.sqrt(dimensions)
    return toLengthOne(centre.map((part, index) => part + next() * noise + (shared[index] as number) * common))
  }
}
