/** The cheapest judge: are the answers the same text? */

import type { Judge } from '../ports.js'
import { plainText } from './plain-text.js'

/**
 * 'same' where the answers are equal but for case, white space, emphasis and punctuation at the ends of words; otherwise it cannot
 * tell. JSON, which is left to {@link structureJudge}, and answers of more than 200,000 characters have to be equal to the letter. Takes
 * 0.1 ms per KB.
 */
export const equalJudge: Judge = {
  name: 'equal',
  judge({ answers: [a, b] }) {
    if (a.text === b.text) return 'same'
    if (a.json !== undefined || b.json !== undefined) return undefined
    const plain = plainText(a.text)
    return plain !== '' && plain === plainText(b.text) ? 'same' : undefined
  },
}
