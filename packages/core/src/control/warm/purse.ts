/** What one run may spend: it ends within one request of its bounds. Pure. */

import type { WarmStop } from '../../events.js'

/** What a request cost. Left out: not known. */
export interface WarmCost {
  readonly tokens?: number | undefined
  readonly usd?: number | undefined
}

export interface PurseLimits {
  readonly maxTokens?: number | undefined
  readonly maxUsd?: number | undefined
}

/** Why nothing more may be sent. */
export type PurseStop = Extract<WarmStop, 'budget-tokens' | 'budget-usd' | 'cost-unknown'>

export interface Purse {
  /** Whether one more may be sent now; only once one that is running has ended; or not at all any more. */
  judge(): 'send' | 'wait' | PurseStop
  take(): void
  /** What was taken for ended. `free`: no model was asked. `unknown`: one may have been. */
  give(cost: WarmCost | 'free' | 'unknown'): void
}

/**
 * For each request that runs the most is reserved that any has cost so far, so that only one that costs more than all before it can go
 * over a bound, and at its end requests go one by one. The first goes alone: what it costs nobody knows. Where nothing runs, what is
 * left has to cover the average, so a bound is kept wherever requests cost about the same. What may have cost something unknown counts as
 * the dearest so far; where there is none, or an answer that was stored does not tell, no bound can be kept.
 */
export function createPurse({ maxTokens, maxUsd }: PurseLimits): Purse {
  const meters = [createMeter('budget-tokens', maxTokens), createMeter('budget-usd', maxUsd)] as const
  const [tokens, usd] = meters
  let running = 0
  let untold = false

  return {
    judge() {
      if (untold) return 'cost-unknown'
      let room: 'send' | 'wait' = 'send'
      for (const meter of meters) {
        const answer = meter.judge(running)
        if (answer === 'wait') room = 'wait'
        else if (answer !== 'send') return answer
      }
      return room
    },
    take() {
      running++
    },
    give(cost) {
      running--
      if (cost === 'free') return
      for (const [meter, amount] of [
        [tokens, cost === 'unknown' ? undefined : cost.tokens],
        [usd, cost === 'unknown' ? undefined : cost.usd],
      ] as const) {
        const counted = amount ?? (cost === 'unknown' ? meter.dearest() : undefined)
        if (counted !== undefined) meter.add(counted)
        else if (meter.bounded) untold = true
      }
    },
  }
}

interface Meter {
  readonly bounded: boolean
  judge(running: number): 'send' | 'wait' | PurseStop
  add(amount: number): void
  /** The most that one cost so far; undefined where none is known to have cost anything. */
  dearest(): number | undefined
}

function createMeter(name: PurseStop, most: number | undefined): Meter {
  if (most === undefined) return { bounded: false, judge: () => 'send', add: () => undefined, dearest: () => undefined }
  // Sums of cents are off by a little: ten tenths are less than one.
  const bound = most * (1 + 1e-9)
  let spent = 0
  let count = 0
  let dearest = 0

  return {
    bounded: true,
    judge(running) {
      if (running === 0) return spent >= most || spent + (count && spent / count) > bound ? name : 'send'
      return count > 0 && spent + (running + 1) * dearest <= bound ? 'send' : 'wait'
    },
    add(amount) {
      spent += amount
      count++
      dearest = Math.max(dearest, amount)
    },
    dearest: () => dearest || undefined,
  }
}
