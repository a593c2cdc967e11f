/** A reply as a Koa response, so that outer middleware sees it as it saw the answer it stands for. */

import type { Reply } from '@llm-cache/core'
import { flatHeaders, joinVary, streamOf } from '@llm-cache/core/node'
import type { Context } from 'koa'

export function replyBody(ctx: Context, reply: Reply): void {
  if (ctx.headerSent) return
  const typed = reply.headers.some(([name]) => name.toLowerCase() === 'content-type')
  ctx.status = reply.status
  const { body } = reply
  if (body.kind === 'chunks') {
    const stream = streamOf(body.chunks)
    ctx.body = stream
    // Koa 2 does nothing about a body that breaks off once the head is out.
    stream.once('error', () => ctx.headerSent && ctx.res.destroy())
  } else if (reply.status !== 304 && reply.status !== 204)
    ctx.body = Buffer.from(body.bytes.buffer, body.bytes.byteOffset, body.bytes.byteLength)
  else ctx.body = null
  // After the body: its setter guesses a type.
  if (!typed) ctx.remove('Content-Type')
  const fields = flatHeaders(joinVary(ctx.res, reply.headers))
  for (let at = 0; at < fields.length; at += 2) ctx.set(fields[at] as string, fields[at + 1] as string | string[])
}
