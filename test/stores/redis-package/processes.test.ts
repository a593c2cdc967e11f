import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sampleEntry } from '@llm-cache/core/testing'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { bytes, follow, lead, onEachServer, plain, readAll, SLACK_MS, until, wait } from './support.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'llm-cache-leader-'))
const program = join(folder, 'leader.cjs')
const children: ChildProcess[] = []

beforeAll(async () => {
  await build({
    entryPoints: [join(root, 'test/stores/redis-package/leader.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: program,
    alias: {
      '@llm-cache/redis': join(root, 'packages/redis/src/index.ts'),
      '@llm-cache/core/testing': join(root, 'packages/core/src/testing/sample-entry.ts'),
      '@llm-cache/core': join(root, 'packages/core/src/index.ts'),
      '#platform': join(root, 'packages/core/src/platform/node.ts'),
    },
    external: ['better-sqlite3', 'lz4-napi', '@hpcc-js/wasm-zstd'],
    logLevel: 'error',
  })
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const leaseMs = 600

await onEachServer('processes', ({ server, namespace, open }) => {
  async function startLeader(ns: string): Promise<{ readonly child: ChildProcess; readonly said: string[] }> {
    const child = spawn(process.execPath, [program, server.url, ns, `${leaseMs}`], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    const said: string[] = []
    child.stdout?.on('data', (data: Buffer) => said.push(...data.toString().trim().split('\n')))
    await until(() => said.includes('leads'), 10_000)
    return { child, said }
  }

  it.each(['SIGKILL', 'SIGSTOP'] as const)('a leader ended by %s is replaced within its lease, and never stores', async (signal) => {
    const ns = namespace()
    const { child, said } = await startLeader(ns)
    const store = open(ns, { leaseMs })
    const flight = await follow(store, 'k')
    expect(plain(await flight.next())).toEqual({ id: 'x', status: 200, headers: [] })
    for (let at = 0; at < 5; at++) expect(plain(await flight.next())).toBe(`${at}`)
    child.kill(signal)
    const at = performance.now()
    const rest = await readAll(flight)
    expect(rest.at(-1)).toBe('lost')
    expect(performance.now() - at).toBeLessThan(leaseMs + SLACK_MS)
    const lease = await lead(store, 'k')
    expect(await store.set(sampleEntry({ now: Date.now }, { key: 'k', id: 'good' }), lease)).toBe(true)
    if (signal === 'SIGSTOP') {
      await wait(leaseMs)
      child.kill('SIGCONT')
      await until(() => said.includes('stored false'))
      expect(said).toEqual(['leads', 'held false', 'stored false'])
    }
    expect((await store.get('k'))?.id).toBe('good')
    expect(lease.held).toBe(true)
    await lease.close()
  })

  it('pass everything on once and in order while their connections are cut again and again', async () => {
    const ns = namespace()
    // Longer than any machine needs to connect again ten times.
    const [leader, other] = [open(ns, { leaseMs: 30_000 }), open(ns, { leaseMs: 30_000 })]
    const lease = await lead(leader, 'k')
    const all = readAll(await follow(other, 'k'))
    lease.head({ id: 'x', status: 200, headers: [] })
    for (let at = 0; at < 150; at++) {
      lease.write(bytes(`${at}`))
      if (at % 15 === 7) await server.ask('CLIENT', 'KILL', 'TYPE', at % 2 ? 'pubsub' : 'normal', 'SKIPME', 'yes')
      await wait(5)
    }
    lease.end()
    expect(await all).toEqual([{ id: 'x', status: 200, headers: [] }, ...Array.from({ length: 150 }, (_, at) => `${at}`), 'end'])
    expect(lease.held).toBe(true)
    await lease.close()
  })
})
