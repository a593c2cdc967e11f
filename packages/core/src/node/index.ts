/** `@llm-cache/core/node`: the cache on Node's own `IncomingMessage` and `ServerResponse`, for adapters. */

export { readWarmFile } from '../control/warm/file.js'
export { bodyOf, readAhead } from './body.js'
export { flatHeaders, type HeaderSnapshot, handlerHeaders, joinVary, restoreHeaders, snapshot, writeHeadPairs } from './headers.js'
export { type Hold, holdClient } from './hold.js'
export { createRejectHandler } from './reject.js'
export { hideConditions, type NodeRequestOptions, nodeRequest } from './request.js'
export { sendReply } from './send.js'
export { type ServeOptions, serve } from './serve.js'
export { isNodeStream, recordStream, streamOf } from './streams.js'
export { type BodyAnswer, replyInstead } from './substitute.js'
export { type Tap, tapResponse } from './tap.js'
