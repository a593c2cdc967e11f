/** The database's files. A file that is not recognisably a cache of ours is never deleted. */

import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { OptionError } from '../errors.js'

/** Set in the header of every database of ours, at offset 68: 'LLMC' in ASCII. */
export const APPLICATION_ID = 0x4c_4c_4d_43

/**
 * Makes the folder and an empty file, for their owner alone, where they are missing. SQLite gives its other files the
 * mode of this one.
 *
 * @throws OptionError when that is not possible, or the path names something else than a file
 */
export function prepareFile(path: string): void {
  onPath(() => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600))
  })
  if (!statSync(path).isFile()) throw new OptionError('ERR_OPTION_INVALID', 'path', 'path names something that is not a file.')
}

/** @throws OptionError in place of errors that only another path, or other rights, will help against */
function onPath(work: () => void): void {
  try {
    work()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Out of space, out of handles: that passes.
    if (code === undefined || !WRONG_PATH.includes(code)) throw error
    throw new OptionError(
      'ERR_OPTION_INVALID',
      'path',
      `path cannot be opened for writing (${code}): give a file in a folder that this process may write.`,
    )
  }
}

/** Tells this file from another one that took its place. Undefined: there is none. */
export function identify(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true })
  return stats && `${stats.dev}:${stats.ino}`
}

/** Bytes of the write-ahead log. */
export function walBytes(path: string): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
}

export function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Deletes the database with its log and index of the log. */
export function removeFiles(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true })
}

/** Clears the way for a new database: deletes a damaged cache, and moves anything else to `<path>.damaged` (the first such). @throws OptionError */
export function clearAway(path: string): void {
  const aside = `${path}.damaged`
  onPath(() => {
    if (!isOurs(readHeader(path)) && !existsSync(aside)) renameSync(path, aside)
    removeFiles(path)
  })
}

function isOurs(header: Buffer): boolean {
  if (header.length >= HEADER_BYTES) return header.readUInt32BE(68) === APPLICATION_ID || header.every((byte) => byte === 0)
  return (
    header.equals(Buffer.from(MAGIC).subarray(0, header.length)) ||
    (header.length > 16 && header.subarray(0, 16).equals(Buffer.from(MAGIC)))
  )
}

function readHeader(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    const header = Buffer.alloc(HEADER_BYTES)
    return header.subarray(0, readSync(file, header, 0, HEADER_BYTES, 0))
  } finally {
    closeSync(file)
  }
}

/** https://www.sqlite.org/fileformat.html#the_database_header */
const MAGIC = 'SQLite format 3\0'
const HEADER_BYTES = 100
const WRONG_PATH: readonly string[] = [
  'EACCES',
  'EPERM',
  'EROFS',
  'EISDIR',
  'ENOTDIR',
  'EEXIST',
  'ENAMETOOLONG',
  'ELOOP',
  'EINVAL',
  'ENXIO',
]
