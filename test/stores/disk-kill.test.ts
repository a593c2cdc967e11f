/** One hundred processes, each killed with SIGKILL while it writes: the file opens every time and holds whole entries only. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDiskStore } from '../../packages/core/src/disk/index.js'
import type { Entry } from '../../packages/core/src/entry/entry.js'
import type { StoreEvent } from '../../packages/core/src/ports.js'
import * as content from './disk-kill-content.mjs'

const entryOf: (key: string, round: number) => Entry = content.entryOf as never
const KILLS = process.env.CI ? 100 : 25
const ROUNDS_A_CHILD = 100_000

const root = fileURLToPath(new URL('../..', import.meta.url))
const built = join(root, 'packages/core/dist/disk/index.js')
const folder = mkdtempSync(join(tmpdir(), 'llm-cache-kill-'))

beforeAll(() => {
  // `npm test` has built it.
  if (!existsSync(built))
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', 'packages/core'], { cwd: root })
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Writer {
  readonly path: string
  readonly churning: boolean
  /** Lets it write, kills it `ms` after its first entry (or after it began to open the file), and gives the last round that it was told to be stored, by key. */
  killAfter(ms: number): Promise<ReadonlyMap<string, number>>
}

function startWriter(index: number, file?: string): Writer {
  // Every tenth begins with no file, so that some are killed while they make it.
  const churning = index % 2 === 1
  const path = join(folder, file ?? (index % 10 === 9 ? `fresh-${index}.db` : `${churning ? 'churned' : 'kept'}.db`))
  const script = fileURLToPath(new URL('disk-kill-child.mjs', import.meta.url))
  const contents = fileURLToPath(new URL('disk-kill-content.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, built, contents, path, String(index * ROUNDS_A_CHILD), String(churning)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  return {
    path,
    churning,
    async killAfter(ms) {
      const closed = new Promise((resolve) => child.once('close', resolve))
      child.stdin?.write('go\n')
      await untilSaid(child, () => said, index % 4 === 1 ? 'writing' : ' ')
      await wait(ms)
      expect(child.exitCode, 'it was still writing').toBeNull()
      child.kill('SIGKILL')
      await closed
      const lines = said.split('\n').slice(1, -1)
      return new Map(lines.map((line) => line.split(' ')).map(([key, round]) => [key as string, Number(round)]))
    },
  }
}

async function untilSaid(child: ChildProcess, said: () => string, text: string): Promise<void> {
  while (!said().includes(text)) {
    if (child.exitCode !== null) throw new Error('The writer ended by itself.')
    await wait(1)
  }
}

describe('kill -9 in the middle of writing', () => {
  it(`${KILLS} times: no entry is wrong, and none that was reported as stored is lost`, async () => {
    let checked = 0
    let reported = 0
    let next = startWriter(0)
    for (let index = 0; index < KILLS; index += 1) {
      const writer = next
      if (index + 1 < KILLS) next = startWriter(index + 1)
      const stored = await writer.killAfter(5 + Math.random() * 55)
      reported += stored.size
      const store = createDiskStore({ path: writer.path })
      const events: StoreEvent[] = []
      store.listen?.((event) => events.push(event))
      const found = new Map<string, Entry>()
      for await (const key of store.keys?.('') ?? []) {
        const entry = await store.get(key)
        if (!entry) throw new Error('A key without its entry.')
        if (!Buffer.from(entry.body).equals(entryOf(key, Number(entry.id)).body)) throw new Error('A wrong entry.')
        found.set(key, entry)
        checked += 1
      }
      expect(store.size()?.entries).toBe(found.size)
      if (writer.churning) expect(store.size()?.bytes).toBeLessThanOrEqual(400_000)
      else for (const [key, round] of stored) expect(Number(found.get(key)?.id), 'what was reported is there').toBeGreaterThanOrEqual(round)
      expect(events).toEqual([])
      await store.close()
    }
    expect(checked).toBeGreaterThan(KILLS * 5)
    expect(reported).toBeGreaterThan(KILLS)
  }, 120_000)
})

describe('several processes on one file', () => {
  it('read and write at once, and one being killed harms no other', async () => {
    const writers = [startWriter(0, 'shared.db'), startWriter(2, 'shared.db')]
    const store = createDiskStore({ path: join(folder, 'shared.db') })
    const events: StoreEvent[] = []
    store.listen?.((event) => events.push(event))
    const authors = new Set<number>()
    let reads = 0
    const readAll = async (): Promise<void> => {
      for await (const key of store.keys?.('') ?? []) {
        const entry = await store.get(key)
        if (!entry) continue
        if (!Buffer.from(entry.body).equals(entryOf(key, Number(entry.id)).body)) throw new Error('A wrong entry.')
        authors.add(Math.floor(Number(entry.id) / ROUNDS_A_CHILD))
        reads += 1
      }
    }
    let killed = false
    const ends = Promise.all(writers.map((writer, index) => writer.killAfter(400 + index * 300))).then((stored) => {
      killed = true
      return stored
    })
    while (!killed) {
      await readAll()
      await wait(5)
    }
    const stored = await ends
    await readAll()
    expect([...authors].sort()).toEqual([0, 2])
    expect(reads).toBeGreaterThan(100)
    expect(stored.every((rounds) => rounds.size > 5)).toBe(true)
    expect(await store.set(entryOf('lc1.p.own', 1))).toBe(true)
    expect(await store.get('lc1.p.own')).toBeDefined()
    expect(events).toEqual([])
    await store.close()
  })
})
