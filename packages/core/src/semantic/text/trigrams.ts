/** Character trigrams as hashes. */

/**
 * 16-bit hashes of the trigrams of a text's letters and digits (a space at either end), ascending, each once. Two bytes a trigram;
 * of two unlike texts of 60 characters one trigram in twenty texts coincides.
 */
export function trigramsOf(text: string): Uint16Array {
  const padded = ` ${text} `
  const hashes = new Uint16Array(Math.max(0, padded.length - 2))
  for (let at = 0; at < hashes.length; at++) {
    let hash = Math.imul(padded.charCodeAt(at), 0x9e3779b1)
    hash = Math.imul(hash ^ padded.charCodeAt(at + 1), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 15) ^ padded.charCodeAt(at + 2), 0xc2b2ae35)
    hashes[at] = (hash ^ (hash >>> 16)) & 0xffff
  }
  hashes.sort()
  let distinct = 0
  for (let at = 0; at < hashes.length; at++) if (at === 0 || hashes[at] !== hashes[at - 1]) hashes[distinct++] = hashes[at] as number
  return hashes.slice(0, distinct)
}

/** Jaccard index, 0 to 1; 1 where both are empty. */
export function trigramSimilarity(a: Uint16Array, b: Uint16Array): number {
  let i = 0
  let j = 0
  let shared = 0
  while (i < a.length && j < b.length) {
    const difference = (a[i] as number) - (b[j] as number)
    if (difference === 0) shared++
    if (difference <= 0) i++
    if (difference >= 0) j++
  }
  const all = a.length + b.length - shared
  return all === 0 ? 1 : shared / all
}
