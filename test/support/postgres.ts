/** A real PostgreSQL of one's own. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './redis.js'
import { type Account, accountOf, orSkip, run, type Service, startProcess, temporaryFolder } from './services.js'

/** Undefined where there is no PostgreSQL, with a line that says so; an error instead where `CI` is set. */
export function startPostgres(): Promise<Service | undefined> {
  return orSkip('PostgreSQL', 'postgresql', async () => {
    const folder = await temporaryFolder('postgres')
    try {
      const programs = await programFolder()
      const account = await accountOf('postgres')
      await account.ownerOf(folder.path)
      const data = join(folder.path, 'data')
      const port = await freePort()
      await run(join(programs, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync', '-E', 'UTF8', '--locale=C'], {
        ...account.spawn,
        cwd: folder.path,
      })
      const settings = {
        port,
        listen_addresses: '127.0.0.1',
        unix_socket_directories: folder.path,
        fsync: 'off',
        synchronous_commit: 'off',
        full_page_writes: 'off',
      }
      const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
      // SIGQUIT: its child processes end with it.
      const end = await startProcess({ command: join(programs, 'postgres'), args, port, account, signal: 'SIGQUIT' })
      // It listens before it lets anybody in.
      await untilReady(join(programs, 'pg_isready'), port, account)
      const stop = async (): Promise<void> => {
        await end()
        await folder.remove()
      }
      return { url: `postgresql://postgres@127.0.0.1:${port}/postgres`, port, stop }
    } catch (error) {
      await folder.remove()
      throw error
    }
  })
}

async function untilReady(program: string, port: number, account: Account): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await run(program, ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-t', '5'], account.spawn)
      return
    } catch (error) {
      if (tries === MAX_TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** Debian keeps the programs of each version in a folder off the path; the newest is taken. */
async function programFolder(): Promise<string> {
  const versions = await readdir(DEBIAN).catch(() => [])
  const [newest] = versions.sort((one, other) => Number(other) - Number(one))
  return newest === undefined ? '' : join(DEBIAN, newest, 'bin')
}

const MAX_TRIES = 200
const DEBIAN = '/usr/lib/postgresql'
