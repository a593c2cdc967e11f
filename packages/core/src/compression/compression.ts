/** Compressed bodies: which entries, by what, and back again. */

import type { OpenBodyCodec } from '#platform'
import type { Entry } from '../entry/entry.js'
import { isThenable } from '../lib/deadline.js'
import type { Awaitable, Clock } from '../ports.js'
import { CODING_OF, type CompressionAlgorithm, type CompressionOption, resolveCompression } from './algorithms.js'
import { decodeBody, encodeBody, mayEncode } from './body.js'
import { createClients } from './clients.js'
import { createCodecs, requireAlgorithm } from './codecs.js'
import { type CompressionReport, measureWith } from './measure.js'
import { createSamples, MAX_SAMPLES } from './samples.js'

export type { CompressionOption } from './algorithms.js'

export interface Compression {
  /**
   * `entry` with its body compressed; itself where it is too small, would hardly shrink, must not be changed
   * (`Content-Encoding`, `no-transform`, digests), or cannot be. At once below 16 KiB, in another thread above. Never throws or
   * rejects.
   */
  encode(entry: Entry): Awaitable<Entry>
  /**
   * The body as it was recorded, whatever the option says: stores outlive options.
   * @throws FrameError with reason 'too-large' or 'coding', or rejects with it
   */
  decode(entry: Entry): Awaitable<Uint8Array>
  /** Measures every algorithm on a sample of the bodies stored lately. */
  measure(): Promise<CompressionReport>
  /** Notes what a client accepts. */
  observe(acceptEncoding: string | undefined): void
  /** Drops sampled bodies of keys that begin with `prefix`; '' is all. */
  forget(prefix: string): void
  /** Ends measuring and drops all samples. Idempotent. */
  close(): void
}

export interface CompressionSettings {
  /** Most that a body may be when decoded, in bytes. */
  readonly maxDecodedBytes: number
  readonly clock: Clock
  /** For tests. @default the platform's codings */
  readonly open?: OpenBodyCodec | undefined
  /** From 0 to below 1, for sampling. @default Math.random */
  readonly random?: (() => number) | undefined
}

/** What `auto` begins with: every client takes it, every runtime has it. */
const FIRST_PICK: CompressionAlgorithm = 'gzip'
/** Stored entries between two measurements of `auto`; the first one comes as soon as there are samples. */
const REPICK_AFTER = 500
/** Bodies that may wait for a thread; further ones are stored as they are. */
const MAX_PENDING = 64

/**
 * @throws OptionError for a wrong option or an algorithm that this runtime has not, PeerMissingError when it takes a package that
 *   is not installed
 */
export function createCompression(option: CompressionOption | undefined, settings: CompressionSettings): Compression {
  const { algorithm, threshold, level } = resolveCompression(option)
  const { maxDecodedBytes, clock, open, random = Math.random } = settings
  const fixed = algorithm === 'auto' || algorithm === 'none' ? undefined : algorithm
  const codecs = createCodecs(fixed, level, open)
  if (fixed) requireAlgorithm(codecs, fixed)
  const samples = createSamples(random)
  const clients = createClients()
  let pick: CompressionAlgorithm | 'none' = algorithm === 'auto' ? FIRST_PICK : algorithm
  let untilRepick = MAX_SAMPLES
  let measuring = false
  let closed = false
  let pending = 0

  async function repick(): Promise<void> {
    measuring = true
    const report = await measureWith(samples.bodies(), codecs, clients.refusing, clock, () => closed)
    measuring = false
    untilRepick = REPICK_AFTER
    if (closed) return
    pick = report.pick ?? pick
    samples.age()
    clients.age()
  }

  function sample(entry: Entry): void {
    if (closed) return
    samples.add(entry)
    if (algorithm === 'auto' && --untilRepick <= 0 && !measuring) void repick()
  }

  return {
    encode(entry) {
      const { byteLength } = entry.body
      if (byteLength < threshold || byteLength > maxDecodedBytes || !mayEncode(entry)) return entry
      sample(entry)
      const codec = pick === 'none' || pending >= MAX_PENDING ? undefined : codecs.get(CODING_OF[pick])
      if (!codec || pick === 'none' || byteLength > (codec.maxBytes ?? byteLength)) return entry
      const encoded = encodeBody(entry, CODING_OF[pick], codec)
      if (!isThenable(encoded)) return encoded
      pending++
      return encoded.then((result) => {
        pending--
        return result
      })
    },
    decode: (entry) => decodeBody(entry, codecs, maxDecodedBytes),
    measure: () => measureWith(samples.bodies(), codecs, clients.refusing, clock),
    observe: clients.observe,
    forget: samples.forget,
    close() {
      closed = true
      samples.forget('')
    },
  }
}
