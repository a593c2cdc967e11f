/** The judges that are asked before the app's own. */

import type { Embedder, Judge } from '../ports.js'
import { equalJudge } from './equal.js'
import { SIMILARITY_JUDGE, similarityJudge } from './similarity.js'
import { structureJudge } from './structure.js'

/** Their names, which no other judge takes. */
export const BUILT_IN_JUDGES: readonly string[] = [equalJudge.name, structureJudge.name, SIMILARITY_JUDGE]

/** @param lexical its vectors go by wording: other words would be another answer */
export function builtInJudges(embedder: Pick<Embedder, 'embed'>, lexical: boolean): readonly Judge[] {
  return [equalJudge, structureJudge, similarityJudge({ embedder, different: lexical ? -1 : LEAST_ALIKE })]
}

/** Cosine of two answers up to which a sentence embedder says that they differ. */
const LEAST_ALIKE = 0.6
