/** The progress bar: one line that is drawn anew on a terminal; a line for each tenth elsewhere. */

import type { WarmProgress } from '@llm-cache/core'

export interface ProgressStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export interface ProgressBar {
  show(progress: WarmProgress): void
  /** Leaves the last state on the screen. */
  end(): void
}

const WIDTH = 30
const REDRAW_MS = 50

export function createProgressBar(stream: ProgressStream): ProgressBar {
  let drawnAt = Number.NEGATIVE_INFINITY
  let tenths = -1
  let last: WarmProgress | undefined

  function draw(progress: WarmProgress): void {
    drawnAt = performance.now()
    stream.write(`\r\u001b[2K${formatProgress(progress)}`)
  }

  return {
    show(progress) {
      last = progress
      const { done, total = 0 } = progress
      if (stream.isTTY) {
        if (performance.now() - drawnAt >= REDRAW_MS) draw(progress)
      } else if (total > 0 && Math.floor((done / total) * 10) > tenths) {
        tenths = Math.floor((done / total) * 10)
        stream.write(`${formatProgress(progress)}\n`)
      }
    },
    end() {
      if (!stream.isTTY || !last) return
      draw(last)
      stream.write('\n')
    },
  }
}

/** `█████░░░░░  42 %  210 of 500  $0.084  12 s left  3 failed` */
export function formatProgress({ done, total, usd, etaMs, failed }: WarmProgress): string {
  const share = total ? Math.min(1, done / total) : 0
  const filled = Math.round(share * WIDTH)
  const parts = [
    '█'.repeat(filled) + '░'.repeat(WIDTH - filled),
    `${String(Math.floor(share * 100)).padStart(3)} %`,
    `${done} of ${total ?? '?'}`,
    `$${usd.toFixed(3)}`,
  ]
  if (etaMs !== undefined && done !== total) parts.push(`${Math.ceil(etaMs / 1000)} s left`)
  if (failed > 0) parts.push(`${failed} failed`)
  return parts.join('  ')
}
