// Trains the prior of the adaptive policy and writes it into the sources:
//   node scripts/generate-prior.mjs --data <folder with banking77, clinc150 and hwu64> [--cache <folder for tables of neighbours>]
// The sets are CC BY; see the notice in the file that is written. Needs a build (`npm run build`).

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createHashEmbedder, FEATURE_NAMES } from '../bench/lib/semantic-core.mjs'
import { TRAINING_SETS } from '../bench/lib/semantic-data.mjs'
import { trainPrior } from '../bench/lib/semantic-prior.mjs'
import { prepareSet } from '../bench/lib/semantic-sets.mjs'

const { values: args } = parseArgs({ options: { data: { type: 'string' }, cache: { type: 'string' } } })
if (!args.data) throw new Error('--data <folder> is needed')

const sets = []
for (const name of TRAINING_SETS) sets.push(await prepareSet(args.data, name, createHashEmbedder(), args.cache))
const { version, coefficients } = trainPrior(sets)
const lines = coefficients.map((value, index) => `    ${value}, // ${FEATURE_NAMES[index]}`)
const file = fileURLToPath(new URL('../packages/core/src/semantic/rule/prior.generated.ts', import.meta.url))
writeFileSync(
  file,
  `// Written by scripts/generate-prior.mjs; do not edit.
//
// Coefficients of a logistic regression over ${sets.map(({ title }) => title).join(', ')}:
// Banking77, Casanueva et al. 2020, "Efficient Intent Detection with Dual Sentence Encoders", CC BY 4.0;
// CLINC150, Larson et al. 2019, "An Evaluation Dataset for Intent Classification and Out-of-Scope Prediction", CC BY 3.0;
// HWU64, Liu et al. 2019, "Benchmarking Natural Language Understanding Services for building Conversational Agents", CC BY 4.0.
// They hold no text of these sets.

import type { Prior } from './adaptive.js'

/** What the adaptive policy believes before it has seen anything of this app. */
export const SHIPPED_PRIOR: Prior = {
  version: ${version},
  coefficients: [
${lines.join('\n')}
  ],
}
`,
)
console.log(`${file}: ${coefficients.length} coefficients`)
