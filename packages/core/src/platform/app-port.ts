/** What both arms of `#platform` offer for requests that the cache sends to the app it runs in. */

/** A `node:http` or `node:https` server, of which nothing is known here. */
export type NodeServer = object & { readonly nodeServer?: never }

/** What Node calls for each request: an Express app is one. */
export type NodeListener = (request: never, response: never) => unknown

/** A client's connection, as far as an app can see it: what its end in memory says in its place. */
export interface Peer {
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  readonly remoteFamily: string | undefined
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
  readonly localFamily: string | undefined
  /** Fields and methods of a TLS connection; undefined without TLS. */
  readonly tls: Readonly<Record<string, unknown>> | undefined
}

export interface InMemoryRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  readonly peer: Peer
  /** Gets the end of the connection that the server is given, before the server is. */
  readonly prepare: (socket: object) => void
  /** Breaks the request off, as a client that leaves. */
  readonly signal: AbortSignal
  /** Called for each part of the answer. */
  readonly onActivity: () => void
}

/** Requests to the servers of this process, without a network. */
export interface InMemory {
  /** Runs `callback` apart from what the app knows of the request at hand (`AsyncLocalStorage`), where the runtime can. */
  apart<T>(callback: () => T): T
  isServer(value: unknown): value is NodeServer
  /** A server that listens nowhere, with `listener` for its requests; undefined where there is no `node:http`. */
  serverFor(listener: NodeListener): NodeServer | undefined
  /** The server that received `message` over HTTP/1, where it is one that can be sent to. */
  serverBehind(message: object): NodeServer | undefined
  /** Who sent `message`; undefined where its connection is over and can no longer tell. */
  peerOf(message: object): Peer | undefined
  /** A client at `address` with no port, and no certificate if `server` has TLS. */
  stranger(address: string, server: NodeServer): Peer | undefined
  /**
   * Resolves with the status once the answer was read to its end, with undefined where it broke off; never rejects. Undefined at once
   * where the server does not take connections that are not its own.
   */
  send(server: NodeServer, request: InMemoryRequest): Promise<number | undefined> | undefined
}
