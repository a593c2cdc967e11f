/** The example as it is started by hand: real processes, asked over connections of their own so that each worker gets some. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { CacheStats } from '@llm-cache/core'

export interface Answer {
  readonly status: number
  readonly outcome: string | undefined
  readonly body: string
  /** The whole message arrived. */
  readonly complete: boolean
}

export type WorkerStats = CacheStats & { readonly worker: number; readonly pid: number }

export interface Running {
  readonly url: string
  /** What all processes have printed. */
  readonly lines: readonly string[]
  /** Resolves with the exit code of the primary. */
  readonly ended: Promise<number | null>
  /** The temporary folder that the processes see, and nobody else. */
  readonly temporary: string
  send(method: string, path: string, headers?: Record<string, string>, body?: string): Promise<Answer>
  chat(body: object, tenant?: string): Promise<Answer>
  /** The statistics of every worker, by its number. */
  stats(workers?: number): Promise<readonly WorkerStats[]>
  signal(name: NodeJS.Signals): void
  /** Ends what is left of it. */
  close(): Promise<void>
}

const folder = fileURLToPath(new URL('..', import.meta.url))
const root = join(folder, '..', '..')
const main = join(folder, 'dist', 'main.js')

export async function start(environment: Readonly<Record<string, string>>): Promise<Running> {
  // `npm test` has built it.
  if (!existsSync(main)) execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', folder], { cwd: root })
  const temporary = mkdtempSync(join(tmpdir(), 'llm-cache-example-'))
  const { OPENAI_API_KEY, REDIS_URL, CACHE_FILE, CACHE_KEY, WORKERS, ...inherited } = process.env
  const child = spawn(process.execPath, [main], {
    // Many processes on few cores are slow to answer themselves, which is not what is tested here.
    env: { ...inherited, PORT: '0', STORE_TIMEOUT_MS: '2000', TMPDIR: temporary, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const lines: string[] = []
  const url = await untilAnnounced(child, lines)

  function send(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
    return new Promise((resolve) => {
      const sent = request(url + path, { method, headers, agent: false }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        response
          .on('error', () => {})
          .once('close', () => {
            const outcome = response.headers['x-llm-cache'] as string | undefined
            resolve({ status: response.statusCode ?? 0, outcome, body: text, complete: response.complete })
          })
      })
      sent.on('error', () => resolve({ status: 0, outcome: undefined, body: '', complete: false }))
      sent.end(body)
    })
  }

  return {
    url,
    lines,
    ended,
    temporary,
    send,
    chat: (body, tenant = 'acme') =>
      send('POST', '/chat', { 'content-type': 'application/json', 'x-tenant': tenant }, JSON.stringify(body)),
    async stats(workers = 2) {
      const found = new Map<number, WorkerStats>()
      await until(async () => {
        const stats = JSON.parse((await send('GET', '/stats')).body) as WorkerStats
        found.set(stats.worker, stats)
        return found.size === workers
      })
      return [...found.values()].sort((a, b) => a.worker - b.worker)
    },
    signal: (name) => void child.kill(name),
    async close() {
      // Without their primary the workers end as well.
      if (child.exitCode === null) child.kill('SIGKILL')
      await ended
      rmSync(temporary, { recursive: true, force: true })
    },
  }
}

function untilAnnounced(child: ChildProcess, lines: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the example ended with ${code}:\n${lines.join('\n')}`)))
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      lines.push(line)
      const url = /^All workers listen at (\S+?)\. /.exec(line)?.[1]
      if (url) resolve(url)
    })
  })
}

/** Waits until `check` holds; an error after `ms`. */
export async function until(check: () => boolean | Promise<boolean>, ms = 8000): Promise<void> {
  const end = Date.now() + ms
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`${check} did not come true within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
