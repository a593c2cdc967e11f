/** The caller's TLS certificate (mutual TLS), where the runtime tells of it. */

import { messageBehind } from './incoming.js'

/** What is used of Node's TLSSocket. */
interface TlsSocket {
  readonly encrypted?: unknown
  getPeerCertificate?(): { readonly fingerprint256?: string } | null
}

/**
 * SHA-256 fingerprint of the certificate that the client showed; undefined without one.
 * @param incoming Node's message, where the app's server passes it on beside the request
 */
export function certificateOf(request: Request, incoming: unknown): string | undefined {
  const message = (incoming ?? messageBehind(request)) as { readonly socket?: TlsSocket | null } | undefined
  const socket = message?.socket
  if (socket?.encrypted) return socket.getPeerCertificate?.()?.fingerprint256
  // Cloudflare Workers.
  const { cf } = request as { cf?: { tlsClientAuth?: { certFingerprintSHA256?: string } } }
  return cf?.tlsClientAuth?.certFingerprintSHA256 || undefined
}
