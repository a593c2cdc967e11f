// Labelled questions from a folder outside of the project (data/README.md there says where they come from).

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** Rows { text, label } of the CC BY sets. Out-of-scope questions have a label of their own each. */
export function readSets(folder) {
  const text = (...path) => readFileSync(join(folder, ...path), 'utf8')
  const unzipped = (...path) => gunzipSync(readFileSync(join(folder, ...path))).toString()
  const train = csvRows(text('banking77', 'train.csv'))
  const test = csvRows(text('banking77', 'test.csv'))
  const clinc = JSON.parse(unzipped('clinc150', 'data_full.json.gz'))
  return {
    banking77: [...train, ...test],
    banking77Train: train,
    banking77Test: test,
    clinc150: Object.entries(clinc).flatMap(([part, rows]) =>
      rows.map(([question, intent], at) => ({ text: question, label: intent === 'oos' ? `oos ${part} ${at}` : intent })),
    ),
    hwu64: hwuRows(unzipped('hwu64', 'all.csv.gz')),
  }
}

/** Question pairs of QQP that were marked as duplicates: evaluation only. */
export function readPairs(folder) {
  const tar = gunzipSync(readFileSync(join(folder, 'qqp', 'similiar_qqp.json.gz')))
  // The one file of a ustar archive: its size in octal at offset 124, its content from 512 on.
  const size = Number.parseInt(tar.subarray(124, 136).toString().replace(/\0.*$/, ''), 8)
  return JSON.parse(tar.subarray(512, 512 + size).toString())
}

function csvRows(csv) {
  return [...csv.matchAll(/^(?:"((?:[^"]|"")*)"|([^",\n]*)),([^\n]*?)\r?$/gm)]
    .slice(1)
    .map(([, quoted, plain, label]) => ({ text: (quoted?.replaceAll('""', '"') ?? plain).trim(), label }))
}

/** Columns: id; scenario; intent; text with slots; text without marks; as typed. Same intent and same slots is the same answer. */
function hwuRows(csv) {
  return csv
    .split('\n')
    .map((line) => line.split(';').map((cell) => cell.replace(/^"|"$/g, '')))
    .filter((cells) => cells.length >= 6)
    .map(([, scenario, intent, annotated, plain]) => {
      const slots = [...annotated.matchAll(/\[([^\]:]*):([^\]]*)\]/g)].map(
        ([, name, value]) => `${name.trim()}=${value.trim().toLowerCase()}`,
      )
      return { text: plain, label: [scenario, intent, ...slots.toSorted()].join('|') }
    })
}
