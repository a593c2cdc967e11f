/** Requests of the cache's own to servers of every kind: TLS, HTTP/2, Unix sockets, servers that close. */

import { AsyncLocalStorage } from 'node:async_hooks'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
  type Server,
  type ServerResponse,
} from 'node:http'
import { connect, createServer as createHttp2Server, createSecureServer } from 'node:http2'
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { askAgain } from '../../src/dispatch/again.js'
import { createManualClock } from '../../src/testing/manual-clock.js'
import { answer } from '../node/support.js'
import { createProbe, type Probe, QUESTION } from './probe.js'

const BODY = JSON.stringify(QUESTION)
const JSON_FIELDS = { 'content-type': 'application/json' }

const opened: NetServer[] = []
afterEach(async () => {
  for (const server of opened.splice(0)) {
    ;(server as Server).closeAllConnections?.()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function listen(server: NetServer, path?: string): Promise<number> {
  opened.push(server)
  await new Promise<void>((resolve) => (path ? server.listen(path, resolve) : server.listen(0, '127.0.0.1', resolve)))
  return path ? 0 : (server.address() as AddressInfo).port
}

function ask(send: typeof httpRequest, options: RequestOptions & { cert?: Buffer; key?: Buffer }): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const secure = { rejectUnauthorized: false, host: '127.0.0.1', method: 'POST', path: '/chat', agent: false as const }
    send({ ...secure, headers: JSON_FIELDS, ...options }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
      .on('error', reject)
      .end(BODY)
  })
}

/** Every request through the cache of `probe`, to a handler that says yes. */
function through(probe: Probe, look: (request: IncomingMessage, response: ServerResponse) => void) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    look(request, response)
    answer(probe.cache, request, response, () => {
      response.setHeader('content-type', 'application/json')
      response.end('{}')
    })
  }
}

describe('a server', () => {
  it('on a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'llm-cache-unix-'))
    const socketPath = join(folder, 'app')
    const addresses: unknown[] = []
    const probe = createProbe()
    await listen(createServer(through(probe, ({ socket }) => addresses.push(socket.remoteAddress))), socketPath)
    expect(await ask(httpRequest, { socketPath })).toBe(200)
    expect(await probe.sent[0]).toBe(200)
    expect(probe.requests[1]?.mark).toBe(probe.mark)
    expect(addresses).toEqual([undefined, undefined])
    rmSync(folder, { recursive: true, force: true })
  })

  it('closes while a request of the cache is under way, and shows its connections as any other', async () => {
    const held: ServerResponse[] = []
    let open = 0
    const probe = createProbe({}, (request, own) => {
      if (own.requests.length === 1) own.sent.push(request.again?.(own.mark))
    })
    const server = createServer((request, response) =>
      answer(probe.cache, request, response, () => {
        if (held.length > 0 || probe.requests.length === 2) held.push(response)
        else response.end('{}')
      }),
    )
    server.on('connection', (socket: Socket) => {
      open++
      socket.on('close', () => open--)
    })
    const port = await listen(server)
    await ask(httpRequest, { port })
    await probe.seen(2)
    expect(open).toBeGreaterThan(0)
    await new Promise((resolve) => server.close(resolve))
    held[0]?.end('{}')
    expect(await probe.sent[0]).toBe(200)
    await until(() => open === 0)
  })

  it('that ends all connections ends those of the cache', async () => {
    const probe = createProbe({}, (request, own) => {
      if (own.requests.length === 1) own.sent.push(request.again?.(own.mark))
    })
    const server = createServer((request, response) =>
      answer(probe.cache, request, response, () => probe.requests.length === 1 && response.end('{}')),
    )
    const port = await listen(server)
    const first = ask(httpRequest, { port }).catch(() => undefined)
    await probe.seen(2)
    server.closeAllConnections()
    expect(await probe.sent[0]).toBeUndefined()
    await first
  })

  it('is not kept alive by a handler that never ends, which is given up after a time of silence', async () => {
    const clock = createManualClock()
    let closed = 0
    let held: ServerResponse | undefined
    const server = createServer((request, response) => {
      request.resume()
      if (request.headers['x-again'] === undefined) return void response.end()
      response.on('close', () => closed++)
      response.write('so far')
      held = response
    })
    const port = await listen(server)
    const origin = await new Promise<IncomingMessage>((resolve) => {
      server.once('request', resolve)
      void ask(httpRequest, { port })
    })
    const active = process.getActiveResourcesInfo().length
    const headers = [['x-again', '1']] as const
    const received = { method: 'POST', url: '/', headers, body: { kind: 'none' } as const, origin, dispatch: undefined }
    const sent = askAgain(received, undefined, { clock, timeoutMs: 1000 })
    await until(() => held !== undefined)
    await turns(5)
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(active)
    await clock.advance(999)
    held?.write('a little more')
    await turns(5)
    await clock.advance(999)
    await turns(5)
    expect(closed).toBe(0)
    await clock.advance(1)
    expect(await sent).toBeUndefined()
    await until(() => closed === 1)
  })

  it('knows nothing of the first request in its asynchronous context', async () => {
    const store = new AsyncLocalStorage<string>()
    const users: unknown[] = []
    const probe = createProbe()
    const inner = through(probe, () => users.push(store.getStore()))
    const port = await listen(
      createServer((request, response) => {
        if (request.headers['x-user'] && users.length === 0) store.run('alice', () => inner(request, response))
        else inner(request, response)
      }),
    )
    await ask(httpRequest, { port, headers: { ...JSON_FIELDS, 'x-user': 'alice' } })
    await probe.sent[0]
    expect(users).toEqual(['alice', undefined])
  })

  it('is asked nothing for a client that left before anybody knew where it was from', async () => {
    const server = createServer()
    const port = await listen(server)
    const origin = await new Promise<IncomingMessage>((resolve) => {
      server.once('request', resolve)
      const leaving = httpRequest({ port, host: '127.0.0.1' }).on('error', () => undefined)
      leaving.end()
      server.once('request', () => leaving.destroy())
    })
    const received = { method: 'GET', url: '/', headers: [], body: { kind: 'none' } as const, origin, dispatch: undefined }
    await until(() => origin.socket.destroyed)
    expect(askAgain(received, undefined)).toBeUndefined()
  })

  it('is not sent a path that no client could send', async () => {
    const server = createServer((_request, response) => response.end())
    const port = await listen(server)
    const origin = await new Promise<IncomingMessage>((resolve) => {
      server.once('request', resolve)
      void ask(httpRequest, { port })
    })
    const received = { method: 'GET', url: '/a b', headers: [], body: { kind: 'none' } as const, origin, dispatch: undefined }
    expect(await askAgain(received, undefined)).toBeUndefined()
  })
})

describe.skipIf(!hasOpenssl())('a server with TLS', () => {
  let folder = ''
  let own: Identity
  let alice: Identity
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'llm-cache-tls-'))
    own = identity('localhost')
    alice = identity('alice')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function identity(name: string): Identity {
    const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
    execFileSync('openssl', ['req', '-x509', ...curve, '-subj', `/CN=${name}`, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  }

  /** What an app can see of a TLS connection. */
  function view({ socket }: IncomingMessage): object {
    const { encrypted, authorized, remoteAddress, remotePort, alpnProtocol } = socket as TLSSocket
    const certificate = (socket as TLSSocket).getPeerCertificate()
    const detailed = (socket as TLSSocket).getPeerCertificate(true)
    const name = certificate.subject?.CN
    const issuer = [(certificate as Partial<typeof detailed>).issuerCertificate?.subject.CN, detailed.issuerCertificate?.subject.CN]
    const protocol = (socket as TLSSocket).getProtocol()
    return { encrypted, authorized, remoteAddress, remotePort, alpnProtocol, name, issuer, print: certificate.fingerprint256, protocol }
  }

  const KINDS: readonly [string, (listener: (request: IncomingMessage, response: ServerResponse) => void) => NetServer][] = [
    ['https', (listener) => createHttpsServer({ ...own, requestCert: true, rejectUnauthorized: false }, listener)],
    [
      'HTTP/2 that also speaks HTTP/1',
      (listener) => createSecureServer({ ...own, requestCert: true, rejectUnauthorized: false, allowHTTP1: true }, listener as never),
    ],
    [
      'TLS in front of http',
      (listener) => {
        const http = createServer(listener)
        return createTlsServer({ ...own, requestCert: true, rejectUnauthorized: false }, (socket) => http.emit('connection', socket))
      },
    ],
  ]
  it.each(KINDS)('%s: the same client, with its certificate', async (_kind, create) => {
    const views: object[] = []
    const identities: unknown[] = []
    const probe = createProbe({}, (request, own) => {
      identities.push(request.identity)
      own.sent.push(request.again?.(own.mark))
    })
    const port = await listen(create(through(probe, (request) => views.push(view(request)))))
    expect(await ask(httpsRequest, { port, ...alice })).toBe(200)
    expect(await probe.sent[0]).toBe(200)
    expect(views).toHaveLength(2)
    expect(views[1]).toEqual(views[0])
    expect(views[1]).toMatchObject({ encrypted: true, authorized: false, name: 'alice', issuer: [undefined, 'alice'] })
    expect(identities).toEqual([expect.stringMatching(/^[\dA-F:]{95}$/), identities[0]])
  })

  it('https: a client without a certificate has none the second time', async () => {
    const views: object[] = []
    const probe = createProbe()
    const port = await listen(
      createHttpsServer(
        own,
        through(probe, (request) => views.push(view(request))),
      ),
    )
    await ask(httpsRequest, { port })
    expect(await probe.sent[0]).toBe(200)
    expect(views[1]).toEqual(views[0])
    expect(views[1]).toMatchObject({ name: undefined, print: undefined })
  })
})

describe('HTTP/2', () => {
  async function askHttp2(listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<void> {
    const server = createHttp2Server(listener as never)
    const port = await listen(server)
    const session = connect(`http://127.0.0.1:${port}`)
    const stream = session.request({ ':method': 'POST', ':path': '/chat', 'content-length': Buffer.byteLength(BODY), ...JSON_FIELDS })
    stream.end(BODY)
    await new Promise((resolve) => stream.resume().on('end', resolve))
    session.close()
  }

  it('is not sent on where no app is named', async () => {
    const probe = createProbe()
    await askHttp2(through(probe, () => undefined))
    expect(probe.sent).toEqual([undefined])
  })

  it('is sent to the app that is named, from the same client', async () => {
    const seen: object[] = []
    const probe = createProbe({ app: () => listener })
    const listener = through(probe, ({ socket, httpVersion }) => {
      const { remoteAddress, remotePort } = socket
      seen.push({ httpVersion, remoteAddress, remotePort })
    })
    await askHttp2(listener)
    expect(await probe.sent[0]).toBe(200)
    expect(seen).toEqual([
      { httpVersion: '2.0', remoteAddress: '127.0.0.1', remotePort: expect.any(Number) },
      { ...seen[0], httpVersion: '1.1' },
    ])
    expect(probe.requests[1]?.mark).toBe(probe.mark)
    expect(probe.requests[1]?.host).toBe(probe.requests[0]?.host)
  })
})

interface Identity {
  readonly key: Buffer
  readonly cert: Buffer
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    console.warn('SKIPPED: no openssl to make certificates with')
    return false
  }
}

async function until(check: () => boolean): Promise<void> {
  while (!check()) await turns(1)
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
