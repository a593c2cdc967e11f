/** What both arms of `#platform` say about lines of files. */

/** A line without its line break; undefined where it is longer than wanted, which is known before all of it was read. */
export type Line = string | undefined

/**
 * The lines of a UTF-8 file, read as they are asked for. A byte order mark is left out, an unfinished last line is a line.
 *
 * @param maxBytes longest line
 * @throws the system's error where the file cannot be read
 */
export type ReadLines = (file: string | URL, maxBytes: number) => AsyncIterable<Line>
