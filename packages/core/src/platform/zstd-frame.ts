/** The header of a Zstandard frame (RFC 8878 section 3.1.1.1), as far as it tells how much comes out of it. */

/** The content size that the first frame of `bytes` declares; undefined where it declares none or is no frame. */
export function zstdContentSize(bytes: Uint8Array): number | undefined {
  if (bytes.byteLength < MIN_HEADER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== MAGIC) return undefined
  const descriptor = view.getUint8(4)
  const singleSegment = (descriptor & 0x20) !== 0
  const at = 5 + (singleSegment ? 0 : 1) + (DICTIONARY_ID_BYTES[descriptor & 3] as number)
  const flag = descriptor >> 6
  if (flag === 0 && !singleSegment) return undefined
  if (bytes.byteLength < at + 2 ** flag) return undefined
  if (flag === 0) return view.getUint8(at)
  // 256 is added to sizes of two bytes, so that none can be written in two ways.
  if (flag === 1) return view.getUint16(at, true) + 256
  return flag === 2 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true))
}

const MAGIC = 0xfd2fb528
const MIN_HEADER_BYTES = 6
const DICTIONARY_ID_BYTES: readonly number[] = [0, 1, 2, 4]
