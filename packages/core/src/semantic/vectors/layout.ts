/** Where things lie in the memory that hamming.wat works on; in bytes. */

/** Bits of a signature. */
export const SIGNATURE_BITS = 512
export const SIGNATURE_BYTES = 64
/** Signatures of a block. */
export const BLOCK_SIZE = 256
/** The query's signature. */
export const QUERY = 0
/** How many signatures have distance 0 to 512, u32 each. */
export const HISTOGRAM = 64
/** Positions that `collect` found, u32 each. */
export const POSITIONS = 4096
/** Blocks: signatures, then their distances, u16 each. */
export const BLOCKS = 20_480
export const BLOCK_DISTANCES: number = BLOCK_SIZE * SIGNATURE_BYTES
export const BLOCK_BYTES: number = BLOCK_DISTANCES + BLOCK_SIZE * 2
/** Most positions that fit: what a block may add after the last one that is wanted. */
export const MAX_POSITIONS: number = (BLOCKS - POSITIONS) / 4 - BLOCK_SIZE - 1
