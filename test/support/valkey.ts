/** A real Valkey of one's own; where there is none its next of kin, Redis. */

import { type RunningServer, serverVersions, startServer } from './redis-versions.js'

export interface ValkeyServer extends RunningServer {
  /** What is really running: 'valkey-8', 'redis-8', ... */
  readonly kind: string
}

/** Undefined where there is neither, with a line that says so; an error instead where `CI` is set and any is missing. */
export async function startValkey(): Promise<ValkeyServer | undefined> {
  const versions = serverVersions()
  const version = versions.find(({ name }) => name.startsWith('valkey')) ?? versions[0]
  return version && { ...(await startServer(version.command)), kind: version.name }
}
