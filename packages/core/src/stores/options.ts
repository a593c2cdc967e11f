/** What stores take unless told otherwise. */

/** Largest entry that a store takes unless told otherwise, in bytes: 8 MiB. */
export const DEFAULT_MAX_ENTRY_BYTES: number = 8 * 1024 * 1024
