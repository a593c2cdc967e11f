/** The caller's TLS certificate (mutual TLS). */

import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'

/** SHA-256 fingerprint of the certificate that the client showed, whether or not it was verified; undefined without one. */
export function certificateOf({ socket }: IncomingMessage): string | undefined {
  if (!(socket as Partial<TLSSocket>)?.encrypted) return undefined
  const { fingerprint256 } = (socket as TLSSocket).getPeerCertificate() ?? {}
  return fingerprint256
}
