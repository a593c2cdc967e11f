/** A real MariaDB of one's own, which speaks MySQL's protocol. */

import { join } from 'node:path'
import { freePort } from './redis.js'
import { accountOf, orSkip, run, type Service, startProcess, temporaryFolder } from './services.js'

/** Undefined where there is no `mariadbd`, with a line that says so; an error instead where `CI` is set. */
export function startMariadb(): Promise<Service | undefined> {
  return orSkip('MariaDB', 'mariadb-server', async () => {
    const folder = await temporaryFolder('mariadb')
    try {
      const account = await accountOf('mysql')
      await account.ownerOf(folder.path)
      const data = join(folder.path, 'data')
      const port = await freePort()
      await run(
        'mariadb-install-db',
        ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'],
        { ...account.spawn, cwd: folder.path },
      )
      const settings = {
        datadir: data,
        port,
        'bind-address': '127.0.0.1',
        socket: join(folder.path, 'socket'),
        'pid-file': join(folder.path, 'pid'),
        'innodb-flush-log-at-trx-commit': 0,
        'innodb-flush-method': 'nosync',
        'innodb-buffer-pool-size': '32M',
        'performance-schema': 'OFF',
      }
      const args = ['--no-defaults', '--skip-name-resolve', ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)]
      const end = await startProcess({ command: await programPath('mariadbd'), args, port, account })
      await run('mariadb', ['--no-defaults', '-h', '127.0.0.1', '-P', `${port}`, '-u', 'root', '-e', 'CREATE DATABASE cache'])
      const stop = async (): Promise<void> => {
        await end()
        await folder.remove()
      }
      return { url: `mysql://root@127.0.0.1:${port}/cache`, port, stop }
    } catch (error) {
      await folder.remove()
      throw error
    }
  })
}

/** In Debian it is in /usr/sbin, which is not on everybody's path. */
async function programPath(name: string): Promise<string> {
  return (await run('sh', ['-c', `PATH="$PATH:/usr/sbin" command -v ${name} || echo ${name}`])).trim()
}
