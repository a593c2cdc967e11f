// The pairs of written-pairs.txt: nobody's rule made them.

import { readFileSync } from 'node:fs'

/** @returns {{ different: { kind: string, texts: string[] }[], same: { kind: string, texts: string[] }[] }} */
export function writtenPairs() {
  const pairs = { different: [], same: [] }
  let list = pairs.different
  let kind = ''
  for (const line of readFileSync(new URL('written-pairs.txt', import.meta.url), 'utf8').split('\n')) {
    const heading = /^# (different|same): (.*)$/.exec(line)
    if (heading) [list, kind] = [pairs[heading[1]], heading[2]]
    else if (line !== '' && !line.startsWith('##')) list.push({ kind, texts: line.split(/ \| (?!\|)/) })
  }
  return pairs
}
