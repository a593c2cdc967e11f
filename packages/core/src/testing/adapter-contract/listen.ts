/** A server on loopback that shows its connections. */

import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface Served {
  /** Origin without a trailing slash. */
  readonly url: string
  /** Connections that are open. */
  readonly sockets: ReadonlySet<Socket>
  /** Resolves once `count` connections have closed, and the server has told everybody who listens. */
  disconnected(count: number): Promise<void>
  close(): Promise<void>
}

/** Room for a thousand connections at once; Node's 511 would make the rest wait a second. */
const BACKLOG = 2048

/** Starts `server` on a free port of 127.0.0.1. */
export function listen(server: Server): Promise<Served> {
  const sockets = new Set<Socket>()
  const waiting = new Set<() => void>()
  let closed = 0
  server.keepAliveTimeout = 60_000
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => {
      sockets.delete(socket)
      // Those who listen to the request and the response are told within the same turn.
      setImmediate(() => {
        closed++
        for (const check of [...waiting]) check()
      })
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG }, () => {
      const { port } = server.address() as AddressInfo
      resolve({
        url: `http://127.0.0.1:${port}`,
        sockets,
        disconnected: (count) =>
          new Promise((done) => {
            const check = (): void => {
              if (closed < count) return
              waiting.delete(check)
              done()
            }
            waiting.add(check)
            check()
          }),
        close: () =>
          new Promise((done) => {
            server.close(() => done())
            server.closeAllConnections()
          }),
      })
    })
  })
}
