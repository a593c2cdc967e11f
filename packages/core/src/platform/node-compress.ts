/** Body codings on Node: zlib for gzip, brotli and (from 22.15) zstd, optional packages for zstd before that and lz4. */

import { createRequire } from 'node:module'
import * as zlib from 'node:zlib'
import type { BodyCoding } from '../entry/entry.js'
import type { BodyCodec, CodecSupport } from './body-codec.js'
import { zstdContentSize } from './zstd-frame.js'

const load = createRequire(import.meta.url)

/** Opens `coding`; packages are loaded here, on first use. Never throws. */
export function openBodyCodec(coding: BodyCoding, level: number | undefined): CodecSupport {
  switch (coding) {
    case 'gzip':
      return ready(gzip(level ?? 6))
    case 'br':
      return ready(brotli(level ?? 4))
    case 'zstd':
      if (isZstdNative(zlib)) return ready(nativeZstd(zlib, level ?? 3))
      return fromPeer(ZSTD_PEER, 'Node 22.15 or later, or the package', (peer: ZstdPeer) => peerZstd(peer, level ?? 3))
    case 'lz4':
      return fromPeer(LZ4_PEER, 'the package', peerLz4)
  }
}

const ZSTD_PEER = '@hpcc-js/wasm-zstd'
const LZ4_PEER = 'lz4-napi'

function ready(codec: BodyCodec): CodecSupport {
  return { kind: 'ready', codec }
}

function fromPeer<T>(peer: string, needs: string, open: (loaded: T) => BodyCodec): CodecSupport {
  let loaded: T
  try {
    loaded = load(peer) as T
  } catch {
    return { kind: 'peer-missing', peer, needs: `${needs} ${peer}` }
  }
  return ready(open(loaded))
}

function gzip(level: number): BodyCodec {
  return zlibCodec(
    { now: zlib.gzipSync, later: zlib.gzip, options: () => ({ level }) },
    { now: zlib.gunzipSync, later: zlib.gunzip, options: (maxOutputLength) => ({ maxOutputLength }) },
  )
}

function brotli(quality: number): BodyCodec {
  const { constants } = zlib
  return zlibCodec<zlib.BrotliOptions, zlib.BrotliOptions>(
    {
      now: zlib.brotliCompressSync,
      later: zlib.brotliCompress,
      options: (size) => ({
        params: {
          [constants.BROTLI_PARAM_QUALITY]: quality,
          [constants.BROTLI_PARAM_SIZE_HINT]: size,
          // A window larger than the body finds nothing more, and is allocated all the same.
          [constants.BROTLI_PARAM_LGWIN]: Math.min(22, Math.max(16, Math.ceil(Math.log2(size + 1)))),
        },
      }),
    },
    { now: zlib.brotliDecompressSync, later: zlib.brotliDecompress, options: (maxOutputLength) => ({ maxOutputLength }) },
  )
}

function nativeZstd(native: NativeZstd, level: number): BodyCodec {
  const { constants } = native
  return zlibCodec(
    {
      now: native.zstdCompressSync,
      later: native.zstdCompress,
      // With the size in the frame's header, readers without Node's own zstd know it beforehand.
      options: (size) => ({ params: { [constants.ZSTD_c_compressionLevel]: level }, pledgedSrcSize: size }),
    },
    {
      now: native.zstdDecompressSync,
      later: native.zstdDecompress,
      options: (maxOutputLength) => ({ maxOutputLength, params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG } }),
    },
  )
}

/** RFC 9659 section 3: the content coding needs no window above 8 MiB. */
const MAX_WINDOW_LOG = 23

/** `options` get the bytes that go in, or the most that may come out. */
interface Direction<O> {
  readonly now: (bytes: Uint8Array, options: O) => Buffer
  readonly later: (bytes: Uint8Array, options: O, callback: Callback) => void
  readonly options: (size: number) => O
}

type Callback = (error: Error | null, result: Buffer) => void

function zlibCodec<E, D>(encoding: Direction<E>, decoding: Direction<D>): BodyCodec {
  return {
    encode: (bytes, inline) => run(encoding, bytes, bytes.byteLength, inline),
    decode: (bytes, maxBytes, inline) => run(decoding, bytes, maxBytes, inline),
  }
}

function run<O>({ now, later, options }: Direction<O>, bytes: Uint8Array, size: number, inline: boolean): Buffer | Promise<Buffer> {
  if (inline) return now(bytes, options(size))
  return new Promise((resolve, reject) => {
    later(bytes, options(size), (error, result) => (error ? reject(error) : resolve(result)))
  })
}

/**
 * WebAssembly on this thread, whatever the size; it takes a moment to start. It copies what comes out byte by byte: 0.12 us each,
 * an eighth of a second a megabyte (version 1.12, Node 20), so large bodies are left to Node's own.
 */
function peerZstd(peer: ZstdPeer, level: number): BodyCodec {
  let zstd: Zstd | undefined
  const starting = peer.Zstd.load().then((started) => {
    zstd = started
    return started
  })
  // Each use meets the failure by itself.
  starting.catch(() => undefined)

  function decompress(started: Zstd, bytes: Uint8Array, maxBytes: number): Uint8Array {
    const size = zstdContentSize(bytes)
    if (maxBytes > PEER_ZSTD_DECODED_BYTES) throw new Error('Too much for the zstd package.')
    // It allocates what the frame says, or a guess where the frame says nothing.
    if (size === undefined || size === 0) throw new Error('The zstd frame does not tell its size.')
    if (size > maxBytes) throw new RangeError('The zstd frame is larger than it may be.')
    return started.decompress(bytes)
  }

  return {
    maxBytes: PEER_ZSTD_BYTES,
    encode: (bytes) => (zstd ? zstd.compress(bytes, level) : starting.then((started) => started.compress(bytes, level))),
    decode: (bytes, maxBytes) =>
      zstd ? decompress(zstd, bytes, maxBytes) : starting.then((started) => decompress(started, bytes, maxBytes)),
  }
}

/** 4 ms to decode. */
const PEER_ZSTD_BYTES: number = 32 * 1024
/** What other processes may have encoded: 30 ms. */
const PEER_ZSTD_DECODED_BYTES: number = 256 * 1024

/** Blocks of LZ4 behind their decoded size in four little-endian bytes. */
function peerLz4(lz4: Lz4Peer): BodyCodec {
  function check(bytes: Uint8Array, maxBytes: number): void {
    if (bytes.byteLength < 5) throw new Error('Too short for lz4.')
    const size = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
    if (size > maxBytes) throw new RangeError('The lz4 block is larger than it may be.')
  }
  return {
    encode: (bytes, inline) => (inline ? lz4.compressSync(asBuffer(bytes)) : lz4.compress(bytes)),
    decode(bytes, maxBytes, inline) {
      check(bytes, maxBytes)
      return inline ? lz4.uncompressSync(bytes) : lz4.uncompress(bytes)
    },
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

interface ZstdPeer {
  readonly Zstd: { load(): Promise<Zstd> }
}

interface Zstd {
  compress(bytes: Uint8Array, level: number): Uint8Array
  decompress(bytes: Uint8Array): Uint8Array
}

interface Lz4Peer {
  compressSync(bytes: Buffer): Buffer
  compress(bytes: Uint8Array): Promise<Buffer>
  uncompressSync(bytes: Uint8Array): Buffer
  uncompress(bytes: Uint8Array): Promise<Buffer>
}

/** In the typings of Node 22 only. */
interface NativeZstd {
  readonly zstdCompressSync: Direction<ZstdOptions>['now']
  readonly zstdCompress: Direction<ZstdOptions>['later']
  readonly zstdDecompressSync: Direction<ZstdOptions>['now']
  readonly zstdDecompress: Direction<ZstdOptions>['later']
  readonly constants: { readonly ZSTD_c_compressionLevel: number; readonly ZSTD_d_windowLogMax: number }
}

interface ZstdOptions {
  readonly params: Readonly<Record<number, number>>
  readonly pledgedSrcSize?: number
  readonly maxOutputLength?: number
}

function isZstdNative(module: object): module is NativeZstd {
  return typeof (module as Partial<NativeZstd>).zstdCompressSync === 'function'
}
