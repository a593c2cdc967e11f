/** Servers of several versions: the machine's own, and those that scripts/redis-versions.sh unpacked. */

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { freePort } from './redis.js'

export interface ServerVersion {
  readonly name: string
  readonly command: string
}

export interface RunningServer {
  readonly url: string
  readonly port: number
  /** One command, on a connection of its own. */
  ask(...command: string[]): Promise<unknown>
  pause(): void
  resume(): void
  stop(): Promise<void>
}

/** Those that are here, with a line for each that is not; an error instead where `CI` is set. */
export function serverVersions(): readonly ServerVersion[] {
  const folder = process.env.LLM_CACHE_SERVERS ?? join(homedir(), '.cache', 'llm-cache-servers')
  const paths = (process.env.PATH ?? '').split(':').map((path) => join(path, 'redis-server'))
  const wanted = [
    { name: 'redis of this machine', command: paths.find(existsSync) },
    ...['redis-8', 'valkey-8'].map((name) => ({ name, command: [join(folder, name, 'server')].find(existsSync) })),
  ]
  const missing = wanted.filter(({ command }) => command === undefined).map(({ name }) => name)
  if (missing.length > 0) {
    const text = `tests on ${missing.join(', ')}. Run: sh scripts/redis-versions.sh (and apt-get install redis-server)`
    if (process.env.CI) throw new Error(`There are no servers for ${text}`)
    console.warn(`SKIPPED: ${text}`)
  }
  return wanted.flatMap(({ name, command }) => (command === undefined ? [] : [{ name, command }]))
}

/** As `serverVersions`, but by hand only the first: what differs from server to server is in the store's contract, which runs on all. */
export function serversForLongTests(): readonly ServerVersion[] {
  return process.env.CI ? serverVersions() : serverVersions().slice(0, 1)
}

/** Starts `command` on a free port without persistence; `settings` go on its command line. */
export async function startServer(command: string, settings: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  const port = Number(settings.port ?? (await freePort()))
  const folder = await mkdtemp(join(tmpdir(), 'llm-cache-server-'))
  const all = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no', ...settings }
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, `${value}`])
  const server = spawn(command, args, { stdio: 'ignore' })
  const exited = new Promise<void>((resolve) => server.once('close', () => resolve()))
  const killAtExit = (): void => void server.kill('SIGKILL')
  process.once('exit', killAtExit)
  const url = `redis://127.0.0.1:${port}`

  async function ask(...args: string[]): Promise<unknown> {
    const client = createClient({ url, socket: { reconnectStrategy: (retries) => (retries > 200 ? false : 50) } })
    client.on('error', () => {})
    await client.connect()
    try {
      return await client.sendCommand(args)
    } finally {
      client.destroy()
    }
  }

  await ask('PING')
  return {
    url,
    port,
    ask,
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    async stop() {
      server.kill('SIGCONT')
      server.kill('SIGKILL')
      await exited
      process.off('exit', killAtExit)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
