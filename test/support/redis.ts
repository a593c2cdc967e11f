/** A real Redis of one's own: on a free port of the loopback interface, without persistence. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Ends it and frees everything. Idempotent. */
  stop(): Promise<void>
  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(): void
  /** SIGCONT. */
  resume(): void
  /** SIGKILL: connections are reset. */
  kill(): Promise<void>
}

/**
 * Undefined where there is no `redis-server`, with a line that says so; an error instead where `CI` is set.
 *
 * @param wanted.port to come back where a killed one was
 */
export async function startRedis(wanted: { readonly port?: number } = {}): Promise<RedisServer | undefined> {
  const port = wanted.port ?? (await freePort())
  const directory = await mkdtemp(join(tmpdir(), 'llm-cache-redis-'))
  const settings = { port, bind: '127.0.0.1', dir: directory, save: '', appendonly: 'no', 'enable-debug-command': 'yes' }
  const server = spawn(
    'redis-server',
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exited = new Promise<void>((resolve) => server.once('close', () => resolve()))
  const killAtExit = (): void => void server.kill('SIGKILL')
  process.once('exit', killAtExit)

  async function end(signal: NodeJS.Signals): Promise<void> {
    server.kill('SIGCONT')
    server.kill(signal)
    await exited
    process.off('exit', killAtExit)
    await rm(directory, { recursive: true, force: true })
  }

  try {
    await untilReady(server)
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    process.off('exit', killAtExit)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || process.env.CI) throw error
    console.warn('SKIPPED: tests on a real Redis, for there is no redis-server. Install it: apt-get install redis-server')
    return undefined
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    stop: () => end('SIGTERM'),
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    kill: () => end('SIGKILL'),
  }
}

/** A port that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}

function untilReady(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    server.once('error', reject)
    server.once('exit', (code) => reject(new Error(`redis-server ended with ${code}:\n${log}`)))
    server.stdout?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-4000)
      if (log.includes('Ready to accept connections')) resolve()
    })
  })
}
