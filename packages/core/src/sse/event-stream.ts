/** Server-sent events read from complete bytes. https://html.spec.whatwg.org/multipage/server-sent-events.html */

import { createParser } from 'eventsource-parser'

export interface StreamEvent {
  /** The `event:` field; undefined when the sender named none. */
  readonly event: string | undefined
  /** The `data:` lines joined by a line feed; '' for a named event that has none. */
  readonly data: string
}

export interface EventStream {
  readonly events: readonly StreamEvent[]
  /** True when fields follow the last blank line: an event that was never finished. Comments do not count. */
  readonly partial: boolean
}

/**
 * Every event of a whole stream. Unlike a browser it reports a named event without data too (`event: done`, blank line):
 * senders use it as an end or error marker, although no client sees it. Never throws.
 */
export function parseEventStream(body: Uint8Array | string): EventStream {
  const text = withLineFeeds(body)
  // The parser makes an error of every line that is no field.
  if (!FIELD.test(text)) return { events: [], partial: hasPartialEvent(text) }
  const events: StreamEvent[] = []
  const parser = createParser({ onEvent: ({ event, data }) => events.push({ event, data }) })
  parser.feed(text.replace(NAMED_WITHOUT_DATA, '$&data:\n'))
  return { events, partial: hasPartialEvent(text) }
}

const FIELD = /^(?:data|event)/m
/** An `event:` line that is a whole event. */
const NAMED_WITHOUT_DATA = /(?<=^|\n\n)event:[^\n]*\n(?=\n)/g

/** One kind of line end, since the parser looks for the next LF at every CR: quadratic where there is none. */
function withLineFeeds(body: Uint8Array | string): string {
  // The decoder takes the byte order mark away.
  const text = typeof body === 'string' ? body.replace(/^\uFEFF/, '') : new TextDecoder().decode(body)
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text
}

function hasPartialEvent(text: string): boolean {
  const blank = text.lastIndexOf('\n\n')
  const tail = blank < 0 ? text : text.slice(blank + 2)
  return tail.split('\n').some((line) => line !== '' && !line.startsWith(':'))
}
