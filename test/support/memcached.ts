/** A real memcached of one's own. */

import { freePort } from './redis.js'
import { accountOf, orSkip, type Service, startProcess } from './services.js'

/**
 * Undefined where there is no `memcached`, with a line that says so; an error instead where `CI` is set.
 *
 * @param wanted.maxItem largest item, as its option `-I` takes it ('4m'). @default '1m', memcached's own
 */
export function startMemcached(wanted: { readonly maxItem?: string } = {}): Promise<Service | undefined> {
  return orSkip('memcached', 'memcached', async () => {
    const port = await freePort()
    const args = ['-l', '127.0.0.1', '-p', `${port}`, '-U', '0', '-m', '64', '-I', wanted.maxItem ?? '1m']
    const stop = await startProcess({ command: 'memcached', args, port, account: await accountOf('nobody') })
    return { url: `127.0.0.1:${port}`, port, stop }
  })
}
