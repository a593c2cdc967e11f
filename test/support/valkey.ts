/** A real Valkey of one's own; where there is none its next of kin, Redis. */

import { freePort, startRedis } from './redis.js'
import { run, type Service, startProcess, temporaryFolder } from './services.js'

export interface ValkeyService extends Service {
  /** What is really running. */
  readonly kind: 'valkey' | 'redis'
}

/**
 * Runs the program that the environment variable `LLM_CACHE_VALKEY` names, else `valkey-server`, else Redis. Undefined where there
 * is none of them, with a line that says so; an error instead where `CI` is set.
 */
export async function startValkey(): Promise<ValkeyService | undefined> {
  const command = process.env.LLM_CACHE_VALKEY ?? 'valkey-server'
  try {
    await run(command, ['--version'])
  } catch {
    const redis = await startRedis()
    return redis && { url: redis.url, port: redis.port, stop: redis.stop, kind: 'redis' }
  }
  const folder = await temporaryFolder('valkey')
  const port = await freePort()
  const settings = { port, bind: '127.0.0.1', dir: folder.path, save: '', appendonly: 'no' }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`])
  const end = await startProcess({ command, args, port })
  const stop = async (): Promise<void> => {
    await end()
    await folder.remove()
  }
  return { url: `redis://127.0.0.1:${port}`, port, stop, kind: 'valkey' }
}
