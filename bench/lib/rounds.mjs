// Servers and load in processes of their own, and variants measured in turns: what disturbs the machine disturbs all alike.

import { fork } from 'node:child_process'
import { once } from 'node:events'

/** Starts a server: its `port`, the CPU it has used `cpu()` in us, and `stop()`. */
export async function startServer(framework, mount, packages, execArgv = []) {
  const child = start('./server-process.mjs', [framework, mount, packages], execArgv)
  const { port } = await child.next()
  return { port, cpu: async () => (await child.ask('cpu')).cpu, stop: child.stop }
}

/** Starts the load generator: `measure(order)` resolves with `{ rate, p50, p99 }`. */
export function startLoad() {
  const child = start('./load-process.mjs', [], [])
  return { measure: child.ask, stop: child.stop }
}

/** A child process that answers each message with one. */
function start(file, args, execArgv) {
  const child = fork(new URL(file, import.meta.url), args, { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const ended = once(child, 'exit')
  const died = ended.then(() => Promise.reject(new Error(`${file} ended`)))
  died.catch(() => {})
  const next = async () => {
    const abort = new AbortController()
    const message = once(child, 'message', { signal: abort.signal })
    message.catch(() => {})
    try {
      return (await Promise.race([message, died]))[0]
    } finally {
      abort.abort()
    }
  }
  return {
    next,
    ask: (message) => {
      const answer = next()
      child.send(message)
      return answer
    },
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/**
 * `rounds` turns of `run(variant)` for each variant, in an order that rotates from round to round. Resolves with the list of
 * results of each variant, in the variants' order.
 */
export async function alternate(variants, rounds, run) {
  const results = variants.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < variants.length; step++) {
      const at = (step + round) % variants.length
      results[at].push(await run(variants[at]))
    }
  }
  return results
}

/** Quartiles, by linear interpolation. */
export function quartiles(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share) => {
    const place = (sorted.length - 1) * share
    const low = Math.floor(place)
    return sorted[low] + (sorted[Math.ceil(place)] - sorted[low]) * (place - low)
  }
  return { low: at(0.25), median: at(0.5), high: at(0.75) }
}

export function median(values) {
  return quartiles(values).median
}

/** `[['a', 'b'], ...]` as lines of a Markdown table; the first row is the head. */
export function table([head, ...rows]) {
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => String(row[at]).length)))
  const line = (row) => `| ${row.map((cell, at) => String(cell).padEnd(widths[at])).join(' | ')} |`
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n')
}
