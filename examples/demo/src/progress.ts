/** How far the run is: one line that updates itself on a terminal, a line for each step elsewhere. */

import type { Style } from './style.js'

export interface Progress {
  /** A new step begins. */
  step(label: string): void
  /** One more request has been answered. */
  tick(): void
  /** Removes the line. */
  clear(): void
}

export interface ProgressStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const WIDTH = 28
/** Redrawing more often than this would show in the measurements. */
const REDRAW_MS = 80
const ERASE = '\r\u001b[2K'

/** @param total how many ticks make 100 % */
export function createProgress(stream: ProgressStream, total: number, style: Style): Progress {
  let ticks = 0
  let label = ''
  let drawnAt = Number.NEGATIVE_INFINITY

  function draw(): void {
    drawnAt = performance.now()
    const share = Math.min(1, ticks / total)
    const filled = Math.round(share * WIDTH)
    const bar = style.good('█'.repeat(filled)) + style.dim('░'.repeat(WIDTH - filled))
    stream.write(`${ERASE}  ${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${label}`)
  }

  return {
    step(next) {
      label = next
      if (stream.isTTY) draw()
      else stream.write(`  ${label}\n`)
    },
    tick() {
      ticks += 1
      if (stream.isTTY && performance.now() - drawnAt >= REDRAW_MS) draw()
    },
    clear() {
      if (stream.isTTY) stream.write(ERASE)
    },
  }
}
