/** Property tests draw the same cases in every run. `FUZZ_SEED=7 npx vitest run <file>` draws others, `FUZZ_SEED=random` new ones. */

import fc from 'fast-check'

const { FUZZ_SEED } = process.env
if (FUZZ_SEED !== 'random') fc.configureGlobal({ seed: Number(FUZZ_SEED ?? 1) })
