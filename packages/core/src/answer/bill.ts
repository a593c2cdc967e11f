/** What an answer says of its own cost, whatever keeps it from being stored. */

import type { Usage } from '../events.js'
import { type AnswerInput, judgeAnswer } from './judge.js'

export interface Bill {
  readonly usage?: Usage | undefined
  readonly model?: string | undefined
}

export function readBill(answer: Pick<AnswerInput, 'contentType' | 'body' | 'provider'>): Bill {
  return judgeAnswer({ ...answer, streamed: false, expectsJson: false, allowToolCalls: true, upstream: 'complete' })
}
