/** Where things lie in the memory that hamming.wat works on; in bytes. */

/** Bits of a signature. */
export const SIGNATURE_BITS = 512
export const SIGNATURE_BYTES = 64
/** The half of a signature that is compared first. */
export const HALF_BITS = 256
export const HALF_BYTES = 32
/** Signatures of a block. */
export const BLOCK_SIZE = 256
/** The query's signature. */
export const QUERY = 0
/** What `near` found: position, then the distances of the first half and of the whole; u32, u16 and u16. */
export const FOUND = 64
export const FOUND_BYTES = 8
/** Most that fit: a block may add all of its signatures after the last one that is wanted. */
export const MAX_FOUND = 4096
/** Blocks: first halves of signatures, then their second halves. */
export const BLOCKS: number = FOUND + (MAX_FOUND + BLOCK_SIZE) * FOUND_BYTES
export const BLOCK_REST: number = BLOCK_SIZE * HALF_BYTES
export const BLOCK_BYTES: number = BLOCK_SIZE * SIGNATURE_BYTES
