/** What an app can see of a client's connection, taken down so that another can show the same. */

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type TLSSocket, Server as TlsServer } from 'node:tls'
import type { NodeServer, Peer } from './app-port.js'

/** The server of an HTTP/1 message; Node sets it on each connection that it parses. */
export function serverOf({ socket }: IncomingMessage): NodeServer | undefined {
  return (socket as { readonly server?: NodeServer } | null)?.server
}

/**
 * Who sent `message`. A connection that is over has forgotten its address, unless it was asked for before, and its certificate: then
 * nobody can be made to look like it, and the result is undefined.
 */
export function peerOf(message: object): Peer | undefined {
  const socket = (message as IncomingMessage).socket as Socket | null | undefined
  if (!socket) return undefined
  const { remoteAddress, remotePort, remoteFamily, localAddress, localPort } = socket
  const isTls = (socket as Partial<TLSSocket>).encrypted === true
  if (socket.destroyed && (isTls || (remoteAddress === undefined && !isUnix(message as IncomingMessage)))) return undefined
  const localFamily = (socket as { readonly localFamily?: string }).localFamily ?? familyOf(localAddress)
  const tls = isTls ? tlsOf(socket as TLSSocket) : undefined
  return { remoteAddress, remotePort, remoteFamily, localAddress, localPort, localFamily, tls }
}

export function stranger(address: string, server: NodeServer): Peer {
  const family = familyOf(address)
  const tls = server instanceof TlsServer ? methods({ ...NO_TLS }) : undefined
  return { remoteAddress: address, remotePort: 0, remoteFamily: family, localAddress: address, localPort: 0, localFamily: family, tls }
}

function isUnix(message: IncomingMessage): boolean {
  const server = serverOf(message) as { address?(): unknown } | undefined
  return typeof server?.address?.() === 'string'
}

function familyOf(address: string | undefined): string | undefined {
  return address === undefined ? undefined : address.includes(':') ? 'IPv6' : 'IPv4'
}

/** Certificate and parameters of a TLS connection at a certain moment. */
interface TlsFacts {
  readonly authorized: unknown
  readonly authorizationError: unknown
  readonly servername: unknown
  readonly alpnProtocol: unknown
  readonly certificate: object | null
  readonly x509: unknown
  readonly protocol: unknown
  readonly cipher: unknown
}

const NO_TLS: TlsFacts = {
  authorized: false,
  authorizationError: null,
  servername: false,
  alpnProtocol: false,
  certificate: {},
  x509: undefined,
  protocol: 'TLSv1.3',
  cipher: {},
}

function tlsOf(socket: TLSSocket): Peer['tls'] {
  const { authorized, authorizationError } = socket
  return methods({
    authorized,
    authorizationError,
    servername: (socket as { readonly servername?: unknown }).servername,
    alpnProtocol: socket.alpnProtocol,
    certificate: socket.getPeerCertificate(true),
    x509: socket.getPeerX509Certificate?.(),
    protocol: socket.getProtocol?.(),
    cipher: socket.getCipher?.(),
  })
}

function methods({ certificate, x509, protocol, cipher, ...fields }: TlsFacts): Peer['tls'] {
  const { issuerCertificate: _, ...own } = { ...certificate } as { issuerCertificate?: unknown }
  return {
    ...fields,
    encrypted: true,
    getPeerCertificate: (detailed?: boolean) => (detailed || certificate === null ? certificate : own),
    getPeerX509Certificate: () => x509,
    getProtocol: () => protocol,
    getCipher: () => cipher,
    getSession: () => undefined,
    isSessionReused: () => false,
  }
}
