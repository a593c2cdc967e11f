import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, request as openRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLlmCache } from '../../src/cache.js'
import { chat, completion } from '../../src/testing/adapter-contract/samples.js'
import { answer } from './support.js'

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

describe.skipIf(!hasOpenssl())('mutual TLS', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'llm-cache-tls-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function identity(name: string): Identity {
    const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
    execFileSync('openssl', ['req', '-x509', ...curve, '-subj', `/CN=${name}`, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  }

  it('clients with different certificates share nothing, one client has its hits', async () => {
    const [server, alice, bob] = ['localhost', 'alice', 'bob'].map(identity) as [Identity, Identity, Identity]
    const cache = createLlmCache()
    let runs = 0
    const listening = createServer({ ...server, requestCert: true, rejectUnauthorized: false }, (request, response) =>
      answer(cache, request, response, () => {
        response.setHeader('Content-Type', 'application/json')
        response.end(JSON.stringify(completion(++runs)))
      }),
    )
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
    const { port } = listening.address() as AddressInfo
    const ask = (client: Partial<Identity>): Promise<string> =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/json', 'x-forwarded-for': '10.0.0.1' }
        const request = openRequest(
          { host: '127.0.0.1', port, method: 'POST', path: '/chat', agent: false, rejectUnauthorized: false, headers, ...client },
          (response) => {
            let text = ''
            response.on('data', (chunk: Buffer) => {
              text += chunk
            })
            response.on('end', () => resolve(`${response.headers['x-llm-cache']} ${(JSON.parse(text) as { id: string }).id}`))
          },
        )
        request.on('error', reject).end(JSON.stringify(chat()))
      })
    try {
      const got = []
      for (const client of [alice, bob, {}, alice, bob, {}]) got.push(await ask(client))
      expect(got).toEqual(['MISS chatcmpl-1', 'MISS chatcmpl-2', 'MISS chatcmpl-3', 'HIT chatcmpl-1', 'HIT chatcmpl-2', 'HIT chatcmpl-3'])
    } finally {
      await new Promise((resolve) => listening.close(resolve))
      await cache.close()
    }
  })
})
