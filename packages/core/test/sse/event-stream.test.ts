import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseEventStream, type StreamEvent } from '../../src/sse/event-stream.js'

const encoder = new TextEncoder()
const event = (data: string, name?: string): StreamEvent => ({ event: name, data })

describe('an event stream', () => {
  test.each<[string, string, StreamEvent[]]>([
    ['LF', 'data: a\n\ndata: b\n\n', [event('a'), event('b')]],
    ['CR LF', 'data: a\r\n\r\ndata: b\r\n\r\n', [event('a'), event('b')]],
    ['CR', 'data: a\r\rdata: b\r\r', [event('a'), event('b')]],
    ['a byte order mark', '\uFEFFdata: a\n\n', [event('a')]],
    ['several data lines', 'data: a\ndata:\ndata:  b\n\n', [event('a\n\n b')]],
    ['comments, ids and retry', ': hi\n\nid: 7\nretry: 10\ndata: a\n\n: bye\n\n', [event('a')]],
    ['a name', 'event: ping\ndata: {}\n\n', [event('{}', 'ping')]],
    ['a name after the data', 'data: {}\nevent: ping\n\n', [event('{}', 'ping')]],
    ['a name without data', 'data: a\n\nevent: done\n\n', [event('a'), event('', 'done')]],
    ['a name without data, CR LF', 'event: done\r\n\r\ndata: a\r\n\r\n', [event('', 'done'), event('a')]],
    ['a name whose data follow, CR LF', 'event: done\r\ndata: a\r\n\r\n', [event('a', 'done')]],
    ['nothing', '', []],
  ])('with %s', (_name, text, events) => {
    expect(parseEventStream(encoder.encode(text))).toEqual({ events, partial: false })
    expect(parseEventStream(text)).toEqual({ events, partial: false })
  })

  test.each(['data: b', 'data: b\n', 'data: b\r\n', 'data: b\r', 'dat', 'event: done', 'event: done\n', 'id: 1\n', '{"error":1}'])(
    'that ends inside an event (%j) is partial',
    (tail) => {
      expect(parseEventStream(`data: a\n\n${tail}`)).toEqual({ events: [event('a')], partial: true })
      expect(parseEventStream(tail)).toEqual({ events: [], partial: true })
    },
  )

  test('that ends inside a comment is not', () => {
    expect(parseEventStream('data: a\n\n: keep-al').partial).toBe(false)
  })
})

const field = fc.oneof(
  fc
    .tuple(fc.constantFrom('data: ', 'data:', ':', 'id: '), fc.string({ unit: 'grapheme' }))
    .map(([name, text]) => name + text.replace(/[\r\n]/g, '')),
  fc.constant('retry: 5'),
)
const block = fc.tuple(fc.option(fc.constantFrom('event: message_stop', 'event:x')), fc.array(field, { maxLength: 4 }), fc.string())
const stream = fc
  .tuple(fc.array(block), fc.constantFrom('\n', '\r\n', '\r'))
  .map(([blocks, end]) =>
    blocks
      .map(([name, fields, text]) => [...(name ? [name] : []), ...fields, `data: ${text.replace(/[\r\n]/g, '')}`, '', ''].join(end))
      .join(''),
  )

test('recorded in any chunks gives the events that a client saw arriving in those chunks', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat()), (text, positions) => {
      const bytes = encoder.encode(text)
      const cuts = [...new Set(positions.map((position) => position % (bytes.length + 1)))].sort((a, b) => a - b)
      const chunks = [...cuts, bytes.length].map((end, at) => bytes.subarray(cuts[at - 1] ?? 0, end))

      const seen: StreamEvent[] = []
      const client = createParser({ onEvent: ({ event: name, data }) => seen.push(event(data, name)) })
      const decoder = new TextDecoder()
      for (const chunk of chunks) client.feed(decoder.decode(chunk, { stream: true }))
      if (text.endsWith('\r')) client.feed('\n')

      const recorded = new Uint8Array(chunks.flatMap((chunk) => [...chunk]))
      expect(parseEventStream(recorded)).toEqual({ events: seen, partial: false })
    }),
    { numRuns: 500 },
  )
})

test('cut anywhere loses at most the event that it cuts, and says so', () => {
  fc.assert(
    fc.property(stream, fc.nat(), (text, position) => {
      const cut = position % (text.length + 1)
      const all = parseEventStream(text).events
      const { events } = parseEventStream(text.slice(0, cut))
      expect(all.slice(0, events.length)).toEqual(events)
    }),
  )
})
