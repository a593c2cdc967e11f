/** Bytes that are kept for long must not keep more memory alive than they are. */

/**
 * `bytes` as a plain `Uint8Array` that pins little besides itself: a view where the memory behind it is hardly larger,
 * a copy where it is (a slice of Node's 8 KiB Buffer pool or of a network read). The view shares memory with `bytes`.
 */
export function compactBytes(bytes: Uint8Array): Uint8Array {
  const pinned = bytes.buffer.byteLength - bytes.byteLength
  // `new Uint8Array(view)` copies; `slice` would not, on a Buffer.
  if (pinned > bytes.byteLength / TOLERATED) return new Uint8Array(bytes)
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

// An eighth more than needed is cheaper than copying.
const TOLERATED = 8
