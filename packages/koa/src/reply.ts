/** A reply as a Koa response, so that outer middleware sees it as it saw the answer it stands for. */

import type { HeaderPairs, Reply } from '@llm-cache/core'
import { streamOf } from '@llm-cache/core/node'
import type { Context } from 'koa'

export function replyBody(ctx: Context, reply: Reply): void {
  if (ctx.headerSent) return
  const typed = reply.headers.some(([name]) => name.toLowerCase() === 'content-type')
  ctx.status = reply.status
  const { body } = reply
  if (body.kind === 'chunks') ctx.body = streamOf(body.chunks)
  else if (reply.status !== 304 && reply.status !== 204)
    ctx.body = Buffer.from(body.bytes.buffer, body.bytes.byteOffset, body.bytes.byteLength)
  else ctx.body = null
  // After the body: its setter guesses a type.
  if (!typed) ctx.remove('Content-Type')
  setHeaders(ctx, reply.headers)
}

function setHeaders(ctx: Context, headers: HeaderPairs): void {
  const fields = new Map<string, [name: string, values: string[]]>()
  for (const [name, value] of headers) {
    const field = fields.get(name.toLowerCase())
    if (field) field[1].push(value)
    else fields.set(name.toLowerCase(), [name, [value]])
  }
  for (const [name, values] of fields.values()) ctx.set(name, values.length === 1 ? (values[0] as string) : values)
}
