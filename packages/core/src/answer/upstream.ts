/** What a model itself answered to a handler's call: the same judgement as of the handler's own answer. */

import { judgeAnswer } from './judge.js'

/**
 * Whether a model's response, taken alone, is whole and good. Calls of tools are: a handler goes on from there. For a form that
 * no provider has, nothing but the end of the response speaks, and it has ended.
 */
export function judgeUpstream(contentType: string, body: Uint8Array): 'complete' | 'failed' {
  const verdict = judgeAnswer({
    contentType,
    body,
    streamed: true,
    expectsJson: false,
    allowToolCalls: true,
    upstream: 'complete',
    provider: 'generic',
  })
  return verdict.kind === 'complete' ? 'complete' : 'failed'
}
