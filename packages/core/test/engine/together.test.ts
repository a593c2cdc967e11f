import { describe, expect, it } from 'vitest'
import type { CacheRequest, Outcome, Recorder, Reply } from '../../src/exchange.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'
import { type Cluster, createCluster } from './cluster.js'
import {
  CHAT,
  completion,
  drain,
  encode,
  field,
  frames,
  type Harness,
  harness,
  JSON_HEAD,
  type RequestParts,
  request,
  SSE_HEAD,
} from './support.js'

interface Scene {
  readonly clock: ManualClock
  readonly cluster: Cluster
  readonly processes: readonly [Harness, Harness]
}

function scene(): Scene {
  const clock = createManualClock()
  const cluster = createCluster(clock)
  const one = (): Harness => harness({ clock, store: [createMemoryStore({ clock }), cluster.store()], log: false })
  return { clock, cluster, processes: [one(), one()] }
}

/** Lets everything that waits for nothing but turns go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const STREAM: RequestParts = { body: { ...CHAT, stream: true } }
const WORDS = frames(['Rayleigh ', 'scattering', '.'])

function ask({ cache }: Harness, parts: RequestParts = {}, more: Partial<CacheRequest> = {}): Promise<Outcome> {
  return Promise.resolve(cache.open({ ...request(parts), ...more }))
}

async function lead(process: Harness, parts: RequestParts = {}): Promise<Recorder> {
  const outcome = await ask(process, parts)
  if (outcome.kind !== 'record') throw new Error(`it did not lead: ${outcome.kind}`)
  return outcome.recorder
}

async function replyOf(outcome: Promise<Outcome> | undefined): Promise<Reply> {
  const settled = await outcome
  if (settled?.kind !== 'replay') throw new Error(`no reply: ${settled?.kind}`)
  return settled.reply
}

function sendJson(recorder: Recorder, content?: string): void {
  recorder.head(200, JSON_HEAD)
  recorder.write(encode(completion(content)))
  recorder.end()
}

const SENT = Promise.resolve(undefined)

describe('one leader for all processes', () => {
  it('the others follow its answer from the first byte, and have it afterwards', async () => {
    const { processes, cluster } = scene()
    const leader = await lead(processes[0], STREAM)
    const following = ask(processes[1], STREAM)
    await settle()
    leader.head(200, SSE_HEAD)
    leader.write(encode(WORDS[0] as string))
    const reply = await replyOf(following)
    expect(field(reply.headers, 'x-llm-cache')).toBe('COLLAPSED')
    expect(field(reply.headers, 'x-llm-cache-id')).toBe(leader.id)
    const drained = drain(reply)
    for (const word of WORDS.slice(1)) leader.write(encode(word))
    leader.end()
    expect(await drained).toEqual({ text: WORDS.join(''), end: 'done' })
    await settle()
    expect(cluster.joins).toEqual(['lead', 'follow'])
    expect(cluster.held).toBe(0)
    expect(field((await replyOf(ask(processes[1], STREAM))).headers, 'x-llm-cache')).toBe('HIT')
  })

  it('says in Cache-Status which tier had it', async () => {
    const { processes } = scene()
    sendJson(await lead(processes[0]))
    await settle()
    const status = async (): Promise<string | undefined> => field((await replyOf(ask(processes[1]))).headers, 'cache-status')
    expect(await status()).toContain('detail=shared')
    await settle()
    expect(await status()).toContain('detail=memory')
  })

  it('JSON is passed on when it is whole: a leader that dies in the middle costs its followers nothing', async () => {
    const { processes, cluster } = scene()
    const leader = await lead(processes[0])
    const following = ask(processes[1])
    await settle()
    leader.head(200, JSON_HEAD)
    leader.write(encode(completion().slice(0, 20)))
    await settle()
    cluster.kill()
    const outcome = await following
    expect(outcome.kind).toBe('record')
    if (outcome.kind === 'record') sendJson(outcome.recorder, 'new')
    await settle()
    // The one that was taken for dead goes on, and what it has is refused.
    leader.write(encode(completion().slice(20)))
    leader.end()
    await settle()
    expect(processes[0].last('entry-skipped').reason).toBe('lease-lost')
    for (const process of processes) expect((await drain(await replyOf(ask(process)))).text).toBe(completion('new'))
  })

  it('what a leader may not share is asked for by each, and a leader that breaks off is followed by another', async () => {
    for (const end of ['release', 'abort'] as const) {
      const { processes } = scene()
      const leader = await lead(processes[0])
      const following = ask(processes[1])
      await settle()
      if (end === 'abort') leader.abort('origin-error')
      else leader.head(200, [...JSON_HEAD, ['Set-Cookie', 'a=1']])
      expect((await following).kind).toBe('record')
    }
  })

  it('a store whose lookup failed is not asked for a lease: one deadline is all that a request waits', async () => {
    const { processes, cluster } = scene()
    cluster.failing = true
    await lead(processes[0])
    expect(cluster.joins).toEqual([])
  })

  it('whoever leads looks again: the leader before may just have stored it', async () => {
    const { processes, cluster } = scene()
    const store = cluster.store()
    let joined: (() => void) | undefined
    const late = harness({
      clock: processes[0].clock,
      log: false,
      store: {
        ...store,
        sharing: {
          flights: {
            leaseMs: 1000,
            follow: async () => undefined,
            join: (key) => new Promise((resolve) => (joined = () => resolve(store.sharing?.flights?.join(key) as never))),
          },
        },
      },
    })
    const asking = ask(late)
    await settle()
    sendJson(await lead(processes[0]))
    await settle()
    joined?.()
    expect(field((await replyOf(asking)).headers, 'x-llm-cache')).toBe('HIT')
    await settle()
    expect(cluster.held).toBe(0)
  })
})

describe('clients that leave', () => {
  it('the origin goes on for followers in other processes', async () => {
    const { processes } = scene()
    const leader = await lead(processes[0], STREAM)
    const following = ask(processes[1], STREAM)
    await settle()
    let released = 0
    expect(leader.clientGone(() => released++)).toBe(true)
    await settle()
    expect(released).toBe(0)
    leader.head(200, SSE_HEAD)
    for (const word of WORDS) leader.write(encode(word))
    leader.end()
    expect(await drain(await replyOf(following))).toEqual({ text: WORDS.join(''), end: 'done' })
    expect(released).toBe(1)
    await settle()
    expect(processes[0].last('entry-stored').entryId).toBe(leader.id)
  })

  it('the origin is told when nobody follows anywhere', async () => {
    const { processes, cluster } = scene()
    const leader = await lead(processes[0], STREAM)
    let released = 0
    leader.clientGone(() => released++)
    await settle()
    expect(released).toBe(1)
    expect(processes[0].last('entry-skipped').reason).toBe('client-gone')
    expect(cluster.held).toBe(0)
  })

  it('a process whose last follower left stops following', async () => {
    const { processes, cluster } = scene()
    const leader = await lead(processes[0], STREAM)
    const gone = new AbortController()
    const following = ask(processes[1], STREAM, { signal: gone.signal })
    await settle()
    gone.abort()
    expect((await replyOf(following)).status).toBe(499)
    leader.head(200, SSE_HEAD)
    for (const word of WORDS) leader.write(encode(word))
    leader.end()
    await settle()
    expect(processes[1].types()).not.toContain('flight-joined')
    expect(cluster.cancelled).toBe(1)
  })

  it('so does one whose only asker had left before the other process was found', async () => {
    const { processes, cluster } = scene()
    await lead(processes[0], STREAM)
    const gone = new AbortController()
    gone.abort()
    expect((await replyOf(ask(processes[1], STREAM, { signal: gone.signal }))).status).toBe(499)
    await settle()
    expect(cluster.cancelled).toBe(1)
  })
})

describe('a stream that nobody here reads any more', () => {
  it('is not followed any more, and the app is not asked once more for it', async () => {
    const { processes, cluster, clock } = scene()
    let asked = 0
    const again = (): Promise<undefined> => {
      asked++
      return SENT
    }
    const leader = await lead(processes[0], STREAM)
    const following = ask(processes[1], STREAM, { again })
    await settle()
    leader.head(200, SSE_HEAD)
    leader.write(encode(WORDS[0] as string))
    const { body } = await replyOf(following)
    if (body.kind !== 'chunks') throw new Error('no stream')
    await body.chunks.next()
    body.chunks.cancel()
    for (let second = 0; second < 5; second++) {
      clock.advance(1000)
      await settle()
    }
    expect([asked, cluster.looks.length, cluster.cancelled]).toEqual([0, 0, 1])
  })
})

describe('a leader that dies in the middle of a stream', () => {
  /** A follower that has the first two frames when its leader dies; `again` asks the app once more. */
  async function broken(again: CacheRequest['again']): Promise<Scene & { readonly text: ReturnType<typeof drain> }> {
    const made = scene()
    const leader = await lead(made.processes[0], STREAM)
    const following = ask(made.processes[1], STREAM, { ...(again && { again }) })
    await settle()
    leader.head(200, SSE_HEAD)
    for (const word of WORDS.slice(0, 2)) leader.write(encode(word))
    const text = drain(await replyOf(following))
    await settle()
    made.cluster.kill()
    await settle()
    return { ...made, text }
  }

  async function pass({ clock }: Scene): Promise<void> {
    for (let turn = 0; turn < 5; turn++) {
      clock.advance(50)
      await settle()
    }
  }

  it('is continued by whoever asks next, if that answer begins the same', async () => {
    const made = await broken(undefined)
    const next = await lead(made.processes[1], STREAM)
    await pass(made)
    next.head(200, SSE_HEAD)
    for (const word of WORDS) next.write(encode(word))
    next.end()
    await pass(made)
    expect(await made.text).toEqual({ text: WORDS.join(''), end: 'done' })
  })

  it('asks the app once more by itself, once', async () => {
    let asked = 0
    const made = await broken(() => {
      asked++
      return SENT
    })
    await pass(made)
    expect(asked).toBe(1)
    const next = await lead(made.processes[1], STREAM)
    await pass(made)
    next.head(200, SSE_HEAD)
    for (const word of WORDS) next.write(encode(word))
    next.end()
    await pass(made)
    expect(await made.text).toEqual({ text: WORDS.join(''), end: 'done' })
  })

  it('is cut, visibly, when the new answer is another one', async () => {
    const made = await broken(() => SENT)
    const next = await lead(made.processes[1], STREAM)
    await pass(made)
    next.head(200, SSE_HEAD)
    for (const word of frames(['Because ', 'of dust'])) next.write(encode(word))
    next.end()
    await pass(made)
    expect(await made.text).toEqual({ text: WORDS.slice(0, 2).join(''), end: 'aborted' })
  })

  it.each([
    ['that was asked once more', true, 61, 70],
    ['that cannot be asked', false, 6, 12],
  ])('is cut when an app %s has no answer in time, after few looks and no lead', async (_which, asked, seconds, looks) => {
    const made = await broken(() => (asked ? SENT : undefined))
    for (let second = 0; second < seconds; second++) {
      made.clock.advance(1000)
      await settle()
    }
    expect((await made.text).end).toBe('aborted')
    expect(made.cluster.joins).toEqual(['lead', 'follow'])
    expect(made.cluster.looks.length).toBeLessThan(looks)
  })

  it('is cut when the cache is closed', async () => {
    const made = await broken(() => SENT)
    await made.processes[1].cache.close()
    await pass(made)
    expect((await made.text).end).toBe('aborted')
  })
})
