/** Two ends of a connection that leads through no network, each as much of a `net.Socket` as `node:http` and its apps use. */

import { Duplex } from 'node:stream'
import type { Peer } from './app-port.js'

type Taken = (error?: Error | null) => void

/**
 * Chunks arrive in a later turn of the event loop, as from a network, so that neither end runs within the other's call. A chunk
 * counts as written once it was asked for: a slow reader slows the writer.
 */
export class MemorySocket extends Duplex {
  readonly connecting: boolean = false
  readonly pending: boolean = false
  bytesRead = 0
  bytesWritten = 0
  /** Silence after which 'timeout' is emitted, in ms; 0 for never. */
  timeout = 0
  #other: MemorySocket | undefined
  #taken: Taken | undefined
  #timer: NodeJS.Timeout | undefined
  #local: Pick<Peer, 'localAddress' | 'localPort' | 'localFamily'> | undefined

  /** @param peer whose connection it looks like to the server's end */
  static pair(peer: Peer): { readonly client: MemorySocket; readonly server: MemorySocket } {
    const client = new MemorySocket()
    const server = new MemorySocket()
    client.#other = server
    server.#other = client
    const { tls, ...addresses } = peer
    server.#local = addresses
    Object.assign(server, addresses, tls)
    return { client, server }
  }

  constructor() {
    super({ allowHalfOpen: true })
  }

  get readyState(): string {
    if (this.destroyed) return 'closed'
    if (this.readable && this.writable) return 'open'
    return this.readable ? 'readOnly' : 'writeOnly'
  }

  address(): object {
    const { localAddress, localPort, localFamily } = this.#local ?? {}
    return localAddress === undefined ? {} : { address: localAddress, family: localFamily, port: localPort }
  }

  setTimeout(ms: number, callback?: () => void): this {
    this.timeout = ms
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (ms === 0) {
      if (callback) this.off('timeout', callback)
      return this
    }
    if (callback) this.once('timeout', callback)
    if (!this.destroyed) this.#timer = setTimeout(() => this.emit('timeout'), ms).unref()
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  resetAndDestroy(): this {
    return this.destroy()
  }

  override _read(): void {
    const taken = this.#taken
    this.#taken = undefined
    taken?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Taken): void {
    this.bytesWritten += chunk.length
    this.#timer?.refresh()
    const other = this.#other
    setImmediate(() => (other ? other.#receive(chunk, callback) : callback()))
  }

  override _final(callback: Taken): void {
    setImmediate(() => {
      if (this.#other && !this.#other.destroyed) this.#other.push(null)
      callback()
    })
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this._read()
    const other = this.#other
    // Who said everything may leave; else the other end learns that the connection broke.
    if (!this.writableFinished) setImmediate(() => other?.destroy())
    callback(error)
  }

  /** What comes for an end that is gone is dropped. */
  #receive(chunk: Buffer, taken: Taken): void {
    if (this.destroyed) {
      taken()
      return
    }
    this.bytesRead += chunk.length
    this.#timer?.refresh()
    if (this.push(chunk)) taken()
    else this.#taken = taken
  }
}
