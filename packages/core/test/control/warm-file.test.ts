import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readWarmFile } from '../../src/control/warm/file.js'
import { fakeApp, stored } from './warm-support.js'

const host = 'api.example.com'
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-cache-warm-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, text: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function all(requests: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const request of requests) found.push(request)
  return found
}

const line = (n: number): string => JSON.stringify({ url: '/chat', body: { n } })

describe('a file of requests', () => {
  it('is JSON line by line; what is no request is reported by its line and stops nothing', async () => {
    const path = file('mixed.jsonl', `\ufeff${line(1)}\r\n\n{"url": \n[1]\n${line(2)}\n"text"\n  \n{"url":"nowhere"}\n${line(3)}`)
    expect(await readWarmFile(path).count()).toBe(7)
    const { warmer, sent } = fakeApp(() => stored())
    expect(await warmer.warm({ file: path }, { host })).toMatchObject({
      requests: 7,
      warmed: 3,
      failed: [
        { reason: 'invalid-request', count: 3, samples: [4, 6, 8] },
        { reason: 'invalid-json', count: 1, samples: [3] },
      ],
    })
    expect(sent.map(({ n }) => n)).toEqual([1, 2, 3])
  })

  it('may be a batch file of OpenAI, named by its path alone or by a URL', async () => {
    const path = file(
      'batch.jsonl',
      '{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-5-mini","messages":[]}}\n',
    )
    const { warmer, sent } = fakeApp(() => stored())
    const progress: unknown[] = []
    expect(await warmer.warm(path, { host, onProgress: (seen) => progress.push(seen.total) })).toMatchObject({ requests: 1, warmed: 1 })
    expect(await warmer.warm({ file: pathToFileURL(path) }, { host })).toMatchObject({ warmed: 1 })
    expect(sent.map(({ request }) => request.url)).toEqual(['/v1/chat/completions', '/v1/chat/completions'])
    expect(progress).toEqual([1])
  })

  it('may be text, a prompt a line', async () => {
    const path = file('prompts.txt', 'Why?\n\n  How so? \nboom\nodd')
    const request = (prompt: string): { url: string; body: { prompt: string } } => {
      if (prompt === 'boom') throw new Error('template')
      return prompt === 'odd' ? (undefined as never) : { url: '/chat', body: { prompt } }
    }
    expect(await all(readWarmFile(path, request))).toEqual([
      { url: '/chat', body: { prompt: 'Why?' }, line: 1 },
      { url: '/chat', body: { prompt: 'How so?' }, line: 3 },
      { fault: 'template-failed', line: 4 },
      { fault: 'invalid-request', line: 5 },
    ])
    const { warmer, sent } = fakeApp(() => stored())
    expect(await warmer.warm({ file: path, request }, { host })).toMatchObject({ requests: 4, warmed: 2 })
    expect(sent).toHaveLength(2)
  })

  it('is read line by line, and a line without end is not kept', async () => {
    const long = Buffer.alloc(9 * 1024 * 1024, 0x20)
    const path = file('long.jsonl', Buffer.concat([Buffer.from(`${line(1)}\n`), long, Buffer.from(`\n${line(2)}\n`)]))
    expect(await all(readWarmFile(path))).toEqual([
      { url: '/chat', body: { n: 1 }, line: 1 },
      { fault: 'line-too-long', line: 2 },
      { url: '/chat', body: { n: 2 }, line: 3 },
    ])
    expect(await readWarmFile(path).count()).toBe(3)
  })

  it('keeps characters whole that lie across two reads', async () => {
    const lines = Array.from({ length: 40_000 }, (_, n) => JSON.stringify({ url: '/c', body: { n, text: '日本🍵é' } }))
    const requests = (await all(readWarmFile(file('wide.jsonl', `${lines.join('\n')}\n`)))) as { body: { n: number; text: string } }[]
    expect(requests).toHaveLength(40_000)
    expect(requests.every(({ body }, n) => body.n === n && body.text === '日本🍵é')).toBe(true)
  })

  it('that is not there is an error before anything is sent', async () => {
    const { warmer, sent } = fakeApp(() => stored())
    await expect(warmer.warm(join(folder, 'absent.jsonl'), { host })).rejects.toMatchObject({ code: 'ENOENT' })
    expect(sent).toEqual([])
  })
})
