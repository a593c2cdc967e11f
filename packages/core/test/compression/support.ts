import type { BodyCoding, Entry } from '../../src/entry/entry.js'
import type { BodyCodec, CodecSupport, OpenBodyCodec } from '../../src/platform/body-codec.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'
import { sampleEntry } from '../../src/testing/sample-entry.js'

/** JSON of about `bytes` bytes, as models write it. */
export function prose(bytes: number, seed = 1): Uint8Array {
  const words = ['the', 'model', 'answers', 'with', 'a', 'cache', 'that', 'keeps', 'what', 'it', 'said', 'before', 'and', 'after']
  let state = seed
  let text = '{"content":"'
  while (text.length < bytes - 2) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    text += `${words[(state >>> 8) % words.length]} `
  }
  return new TextEncoder().encode(`${text.slice(0, bytes - 2)}"}`)
}

/** Bytes that nothing makes smaller. */
export function noise(bytes: number): Uint8Array {
  let state = 42
  return Uint8Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
}

export function entryOf(body: Uint8Array, fields: Partial<Entry> = {}): Entry {
  return sampleEntry({ now: () => 1_750_000_000_000 }, { body, ...fields })
}

/** What a made-up coding costs: a share of the bytes, and microseconds. */
export interface FakeCost {
  readonly share: number
  readonly compressMicros: number
  readonly decompressMicros: number
}

/** Codings that keep a share of the bytes and take their time on `clock`. Those not named are missing. */
export function fakeCodings(clock: ManualClock, costs: Partial<Record<BodyCoding, FakeCost>>): OpenBodyCodec {
  return (coding): CodecSupport => {
    const cost = costs[coding]
    if (!cost) return { kind: 'peer-missing', peer: 'some-peer', needs: 'the package some-peer' }
    const codec: BodyCodec = {
      encode(bytes) {
        clock.advance(cost.compressMicros / 1000)
        return bytes.slice(0, Math.ceil(bytes.byteLength * cost.share))
      },
      decode(_bytes, maxBytes) {
        clock.advance(cost.decompressMicros / 1000)
        return new Uint8Array(maxBytes)
      },
    }
    return { kind: 'ready', codec }
  }
}

/** Lets `work` and the rests that it takes on `clock` run to their end. */
export async function settle<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let done = false
  const result = work.finally(() => {
    done = true
  })
  result.catch(() => undefined)
  while (!done) {
    clock.advance(0)
    await Promise.resolve()
  }
  return result
}

export { createManualClock }
