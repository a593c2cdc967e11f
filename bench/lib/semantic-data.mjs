// The labelled sets as streams of prompts: each prompt is a request, its label the answer that it should get.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { seeded } from './trace.mjs'

/** Longest stream that is made of one set; larger sets are sampled. */
const MAX_STREAM = 9000
const DENSE_CLUSTER = 4

const SETS = {
  banking77: { title: 'Banking77', load: banking },
  clinc150: { title: 'CLINC150 + out of scope', load: clinc },
  hwu64: { title: 'HWU64 with slots', load: hwu },
  qqp: { title: 'QQP, dense clusters', load: qqp, evaluationOnly: true },
}

export const SET_NAMES = Object.keys(SETS)
/** Those whose licence lets a prior be trained on them (CC BY). */
export const TRAINING_SETS = SET_NAMES.filter((name) => !SETS[name].evaluationOnly)
export const titleOf = (name) => SETS[name].title

/** Every prompt of a set with its label, each text once. */
export function loadSet(directory, name) {
  const seen = new Map()
  for (const { text, label } of SETS[name].load(join(directory, name))) {
    const trimmed = text.trim()
    if (trimmed !== '' && !seen.has(trimmed)) seen.set(trimmed, label)
  }
  return [...seen].map(([text, label]) => ({ text, label }))
}

/** The order of one stream: indexes into `count` prompts. */
export function streamOrder(count, seed, most = MAX_STREAM) {
  const random = seeded(seed)
  const order = Array.from({ length: count }, (_, index) => index)
  for (let index = count - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1))
    ;[order[index], order[other]] = [order[other], order[index]]
  }
  return order.slice(0, most)
}

function banking(directory) {
  const rows = ['train.csv', 'test.csv'].flatMap((file) => parseRows(readFileSync(join(directory, file), 'utf8'), ',').slice(1))
  return rows.map(([text, label]) => ({ text, label }))
}

function clinc(directory) {
  const parts = JSON.parse(gunzipSync(readFileSync(join(directory, 'data_full.json.gz'))).toString('utf8'))
  let strangers = 0
  // What is out of scope has no answer but its own.
  return Object.values(parts).flatMap((rows) =>
    rows.map(([text, label]) => ({ text, label: label === 'oos' ? `oos-${++strangers}` : label })),
  )
}

function hwu(directory) {
  const rows = parseRows(gunzipSync(readFileSync(join(directory, 'all.csv.gz'))).toString('utf8'), ';')
  return rows
    .filter((row) => row.length >= 6)
    .map(([, scenario, intent, annotated, text]) => ({ text, label: `${scenario}/${intent}/${slotsOf(annotated)}` }))
}

/** `wake me at [time : nine am]` -> `time=nine am`: what has to be equal for the same answer. */
function slotsOf(annotated) {
  const slots = [...annotated.matchAll(/\[\s*([^:\]]+?)\s*:\s*([^\]]+?)\s*\]/g)].map(([, name, value]) => `${name}=${value.toLowerCase()}`)
  return slots.sort().join('|')
}

/** Questions that are marked as duplicates of each other, directly or through others, in clusters of at least four. */
function qqp(directory) {
  const tar = gunzipSync(readFileSync(join(directory, 'similiar_qqp.json.gz'))).toString('utf8')
  const pairs = JSON.parse(tar.slice(tar.indexOf('['), tar.lastIndexOf(']') + 1))
  const parent = new Map()
  const find = (text) => {
    let at = text
    while (parent.has(at) && parent.get(at) !== at) at = parent.get(at)
    return at
  }
  for (const { origin, similar } of pairs) {
    for (const text of [origin, similar]) if (!parent.has(text)) parent.set(text, text)
    parent.set(find(origin), find(similar))
  }
  const clusters = new Map()
  for (const text of parent.keys()) clusters.set(find(text), [...(clusters.get(find(text)) ?? []), text])
  return [...clusters.values()]
    .filter((texts) => texts.length >= DENSE_CLUSTER)
    .flatMap((texts) => texts.map((text) => ({ text, label: texts[0] })))
}

/** Rows of a file with quoted fields. */
function parseRows(text, separator) {
  const rows = []
  let row = []
  let field = ''
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (quoted) {
      if (char !== '"') field += char
      else if (text[at + 1] === '"') {
        field += '"'
        at++
      } else quoted = false
    } else if (char === '"') quoted = true
    else if (char === separator) {
      row.push(field)
      field = ''
    } else if (char === '\n') {
      rows.push([...row, field.replace(/\r$/, '')])
      row = []
      field = ''
    } else field += char
  }
  if (field !== '' || row.length > 0) rows.push([...row, field])
  return rows
}
