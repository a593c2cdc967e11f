/** Who the connection says the caller is, on requests of a runtime that tells of it as Cloudflare Workers do. */

import { createWebServe } from '@llm-cache/core/web'
import { describe, expect, it } from 'vitest'
import { createLlmCache } from '../../src/cache.js'
import { openCached } from '../../src/mount.js'
import { chat, completion } from '../../src/testing/adapter-contract/samples.js'

describe('certificates of a request beside Node', () => {
  it('clients with different certificates share nothing, one client has its hits', async () => {
    const cache = createLlmCache()
    const serve = createWebServe(openCached({ cache }))
    let runs = 0
    async function ask(certFingerprintSHA256?: string): Promise<string> {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(chat()) }
      const cf = certFingerprintSHA256 === undefined ? {} : { tlsClientAuth: { certFingerprintSHA256 } }
      const request = Object.assign(new Request('http://a.example/chat', init), { cf })
      const response = await serve(
        {
          request,
          explicit: true,
          route: () => '/chat',
          outer: undefined,
          dispatch: undefined,
          fields: () => new Headers(),
          expose: () => undefined,
          replace: () => undefined,
        },
        () => Response.json(completion(++runs)),
      )
      if (!response) throw new Error('no answer')
      const { id } = (await response.json()) as { id: string }
      return `${response.headers.get('x-llm-cache')} ${id}`
    }
    try {
      const got = []
      // Workers give an empty fingerprint where the client showed no certificate.
      for (const certificate of ['aa', 'bb', undefined, 'aa', 'bb', undefined, '']) got.push(await ask(certificate))
      expect(got).toEqual([
        'MISS chatcmpl-1',
        'MISS chatcmpl-2',
        'MISS chatcmpl-3',
        'HIT chatcmpl-1',
        'HIT chatcmpl-2',
        'HIT chatcmpl-3',
        'HIT chatcmpl-3',
      ])
    } finally {
      await cache.close()
    }
  })
})
