/** Whose stream it is. */

import { AI_SDK_NAME, isAiSdkStream, readAiSdkStream } from './ai-sdk.js'
import { PROTOCOLS } from './protocols.js'
import type { FrameStream, Reading } from './reading.js'

export interface Dialect {
  readonly name: string
  readStream(stream: FrameStream): Reading
}

/** The provider's protocol that `stream` speaks; undefined for an app's own. `provider` is whose shape the request had. */
export function dialectOf(stream: FrameStream, provider: string): Dialect | undefined {
  if (isAiSdkStream(stream, provider === AI_SDK_NAME)) return { name: AI_SDK_NAME, readStream: readAiSdkStream }
  return PROTOCOLS.find((protocol) => stream.objects.some(protocol.isFrame))
}
