/** Real servers for tests: each a process of one's own on a free port of the loopback interface, with a folder that goes with it. */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface Service {
  readonly url: string
  readonly port: number
  /** Ends it and frees everything. Idempotent. */
  stop(): Promise<void>
}

/** How to run a program: as the account that it insists on where this process is root. */
export interface Account {
  readonly spawn: { readonly uid?: number; readonly gid?: number }
  readonly ownerOf: (path: string) => Promise<void>
}

/** `name`'s account where this process is root, since database servers refuse to run as root; else one's own. */
export async function accountOf(name: string): Promise<Account> {
  if (process.getuid?.() !== 0) return { spawn: {}, ownerOf: async () => {} }
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name]).then(Number))).catch(() => {
    // It comes with the server's package.
    throw Object.assign(new Error(`There is no account ${name}.`), { code: 'ENOENT' })
  })
  return { spawn: { uid: uid as number, gid: gid as number }, ownerOf: (path) => chown(path, uid as number, gid as number) }
}

/** What `command` prints. @throws Error with code ENOENT where there is no such program */
export async function run(
  command: string,
  args: readonly string[],
  options: { uid?: number; gid?: number; cwd?: string } = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(command, [...args], { ...options, maxBuffer: 2 ** 24 })
  return stdout
}

/** A new folder of the system's temporary one, and what removes it. */
export async function temporaryFolder(name: string): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `llm-cache-${name}-`))
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) }
}

export interface ServerProcess {
  readonly command: string
  readonly args: readonly string[]
  readonly port: number
  readonly account?: Account
  /** SIGTERM waits for clients, SIGQUIT and SIGKILL do not. @default SIGKILL: the folder is thrown away */
  readonly signal?: NodeJS.Signals
}

/** Starts a server and waits until it accepts connections; the answer ends it. */
export async function startProcess({ command, args, port, account, signal = 'SIGKILL' }: ServerProcess): Promise<() => Promise<void>> {
  const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'], ...account?.spawn })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-4000)
    })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const killAtExit = (): void => void child.kill('SIGKILL')
  process.once('exit', killAtExit)
  try {
    await untilListening(child, port, () => `${command} ended:\n${log}`)
  } catch (error) {
    child.kill('SIGKILL')
    process.off('exit', killAtExit)
    throw error
  }
  return async () => {
    child.kill(signal)
    await ended
    process.off('exit', killAtExit)
  }
}

/**
 * What `start` gives; undefined where its program is missing, with a line that says so. Where `CI` is set that is an error.
 *
 * @param what for 'tests on a real ...'
 */
export async function orSkip<T>(what: string, packageName: string, start: () => Promise<T>): Promise<T | undefined> {
  try {
    return await start()
  } catch (error) {
    if (process.env.CI || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    console.warn(`SKIPPED: tests on a real ${what}, for it is not installed here. Install it: apt-get install ${packageName}`)
    return undefined
  }
}

async function untilListening(child: ChildProcess, port: number, describe: () => string): Promise<void> {
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = error
  })
  child.once('exit', () => {
    failure ??= new Error(describe())
  })
  const giveUpAt = Date.now() + START_MS
  while (!(await accepts(port))) {
    if (failure) throw failure
    if (Date.now() > giveUpAt) throw new Error(`${child.spawnfile} does not listen after ${START_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  if (failure) throw failure
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

const START_MS = 20_000
