/** What each algorithm makes of sample bodies, in bytes and microseconds, and which of them costs least. */

import type { OpenBodyCodec } from '#platform'
import type { BodyCoding } from '../entry/entry.js'
import { systemClock } from '../lib/clock.js'
import type { Clock } from '../ports.js'
import { ALGORITHMS, CODING_OF, type CompressionAlgorithm } from './algorithms.js'
import { isWorthwhile } from './body.js'
import { isSendable } from './clients.js'
import { type Codecs, createCodecs } from './codecs.js'

export interface CompressionReport {
  /** Bodies that were measured. */
  readonly samples: number
  /** Their bytes. */
  readonly bytes: number
  readonly algorithms: readonly AlgorithmReport[]
  /** What `auto` takes; undefined without samples. */
  readonly pick: CompressionAlgorithm | 'none' | undefined
}

export interface AlgorithmReport {
  readonly algorithm: CompressionAlgorithm
  readonly available: boolean
  /** What it takes to make it available; undefined where it is. */
  readonly needs: string | undefined
  /** Bytes before to bytes after: 4 is a quarter. This and all below: undefined when nothing was measured. */
  readonly ratio: number | undefined
  /** Median of the bodies, in microseconds. */
  readonly compressMicros: number | undefined
  readonly decompressMicros: number | undefined
  /** Bytes of all samples that need not be stored. */
  readonly savedBytes: number | undefined
}

export interface MeasureOptions {
  /** Accept-Encoding of the app's requests, for the share that needs bodies decoded. @default none accepts anything */
  readonly acceptEncodings?: readonly (string | undefined)[] | undefined
  /** For the timing, and for the rests between bodies. @default the platform's */
  readonly clock?: Clock | undefined
  /** For tests. @default the platform's codings */
  readonly open?: OpenBodyCodec | undefined
}

/** Measures every algorithm on `bodies`. Never rejects: one that does not work counts as not available. */
export function measureCompression(bodies: readonly Uint8Array[], options: MeasureOptions = {}): Promise<CompressionReport> {
  const { acceptEncodings = [], clock = systemClock(), open } = options
  const refused = (coding: BodyCoding): number =>
    acceptEncodings.length === 0 ? 1 : acceptEncodings.filter((field) => !isSendable(field, coding)).length / acceptEncodings.length
  return measureWith(bodies, createCodecs(undefined, undefined, open), refused, clock)
}

/**
 * What a microsecond is worth: an entry that is 1 KB smaller may take half a millisecond longer. Compressing is paid once, behind a
 * model that took a thousand times as long; decompressing on every hit whose client does not take the coding.
 */
export const BYTES_PER_MICROSECOND: number = 2

/**
 * @param refusing share of requests, 0 to 1, that need the body decoded
 * @param isStopped ends the work early; what is reported then is of no use
 */
export async function measureWith(
  bodies: readonly Uint8Array[],
  codecs: Codecs,
  refusing: (coding: BodyCoding) => number,
  clock: Clock,
  isStopped: () => boolean = () => false,
): Promise<CompressionReport> {
  const plain = bodies.filter((body) => body.byteLength > 0)
  const bytes = plain.reduce((sum, body) => sum + body.byteLength, 0)
  const algorithms: AlgorithmReport[] = []
  let pick: CompressionReport['pick'] = plain.length > 0 ? 'none' : undefined
  let best = bytes
  for (const algorithm of ALGORITHMS) {
    const measured = await measureOne(plain, algorithm, codecs, clock, isStopped)
    algorithms.push(reportOf(algorithm, bytes, measured, codecs))
    if (!measured || plain.length === 0) continue
    const score = scoreOf(measured, refusing(CODING_OF[algorithm]))
    if (score >= best) continue
    best = score
    pick = algorithm
  }
  return { samples: plain.length, bytes, algorithms, pick }
}

/** One body by one algorithm. */
interface Measurement {
  /** Stored, in the coding or as it is where the coding does not help. */
  readonly bytes: number
  readonly encoded: boolean
  readonly compressMicros: number
  readonly decompressMicros: number
}

function scoreOf(measured: readonly Measurement[], refused: number): number {
  return measured.reduce((sum, { bytes, encoded, compressMicros, decompressMicros }) => {
    const micros = compressMicros + (encoded ? decompressMicros * refused : 0)
    return sum + bytes + BYTES_PER_MICROSECOND * micros
  }, 0)
}

function reportOf(
  algorithm: CompressionAlgorithm,
  bytes: number,
  measured: readonly Measurement[] | undefined,
  codecs: Codecs,
): AlgorithmReport {
  const support = codecs.support(algorithm)
  const needs = measured ? undefined : support.kind === 'ready' ? 'to work here: it failed' : support.needs
  const head = { algorithm, available: measured !== undefined, needs }
  if (!measured || measured.length === 0)
    return { ...head, ratio: undefined, compressMicros: undefined, decompressMicros: undefined, savedBytes: undefined }
  const stored = measured.reduce((sum, body) => sum + body.bytes, 0)
  return {
    ...head,
    ratio: bytes / stored,
    compressMicros: median(measured.map((body) => body.compressMicros)),
    decompressMicros: median(measured.map((body) => body.decompressMicros)),
    savedBytes: bytes - stored,
  }
}

/** Undefined where the algorithm is not available or fails. Bodies come one at a time, with a rest before each. */
async function measureOne(
  bodies: readonly Uint8Array[],
  algorithm: CompressionAlgorithm,
  codecs: Codecs,
  clock: Clock,
  isStopped: () => boolean,
): Promise<readonly Measurement[] | undefined> {
  const codec = codecs.get(CODING_OF[algorithm])
  if (!codec) return undefined
  const measured: Measurement[] = []
  try {
    for (const body of bodies) {
      await new Promise<void>((resolve) => clock.schedule(0, resolve))
      if (isStopped()) return undefined
      if (body.byteLength > (codec.maxBytes ?? body.byteLength)) {
        measured.push({ bytes: body.byteLength, encoded: false, compressMicros: 0, decompressMicros: 0 })
        continue
      }
      const compressed = await timed(clock, () => codec.encode(body, true))
      const decompressed = await timed(clock, () => codec.decode(compressed.result, body.byteLength, true))
      if (decompressed.result.byteLength !== body.byteLength) return undefined
      const size = compressed.result.byteLength
      const encoded = isWorthwhile(size, body.byteLength)
      measured.push({
        bytes: encoded ? size : body.byteLength,
        encoded,
        compressMicros: compressed.micros,
        decompressMicros: decompressed.micros,
      })
    }
  } catch {
    return undefined
  }
  return measured
}

/** The quicker of two runs: the first one also pays for what is compiled and allocated once. */
async function timed<T>(clock: Clock, work: () => T | Promise<T>): Promise<{ readonly result: T; readonly micros: number }> {
  const first = await timedOnce(clock, work)
  const second = await timedOnce(clock, work)
  return { result: second.result, micros: Math.min(first.micros, second.micros) }
}

async function timedOnce<T>(clock: Clock, work: () => T | Promise<T>): Promise<{ readonly result: T; readonly micros: number }> {
  const startedAt = clock.monotonic()
  const made = work()
  const result = made instanceof Promise ? await made : made
  return { result, micros: (clock.monotonic() - startedAt) * 1000 }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2
}
