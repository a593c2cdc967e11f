/** A store that can be told to misbehave, and a guard round it, with what happened. */

import type { Entry } from '../../src/entry/entry.js'
import type { CacheStore, StoreEvent, StoreState } from '../../src/ports.js'
import type { Fence } from '../../src/sharing.js'
import { type GuardedStore, type GuardOptions, guardStore } from '../../src/stores/guarded.js'
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js'

/** A number: answers after as many ms. `refuse`: as Keyv does it, `false` with an event. */
export type Mood = 'fine' | 'hang' | 'throw' | 'reject' | 'refuse' | number

export interface Chaos {
  readonly guard: GuardedStore
  readonly clock: ManualClock
  readonly held: Map<string, Entry>
  readonly events: StoreEvent[]
  /** Fences of the writes that reached the store. */
  readonly fences: (Fence | undefined)[]
  /** Keys that `get` was called for. */
  readonly asked: string[]
  /** Gives every call that hangs its answer, late. */
  answerAll(): void
  reads: Mood
  writes: Mood
  deletes: Mood
  /** Goes on in steps of 10 ms with a turn of the event loop after each, and `each` before. */
  pass(ms: number, each?: () => void): Promise<void>
}

export const PROBE = 'lc1.probe.probe'
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export function createChaos(options: Partial<GuardOptions> = {}, extra: Partial<CacheStore> = {}): Chaos {
  const clock = createManualClock()
  const held = new Map<string, Entry>()
  const hanging: (() => void)[] = []
  const events: StoreEvent[] = []
  const fences: (Fence | undefined)[] = []
  const asked: string[] = []
  let tell: (event: StoreEvent) => void = () => {}

  function act<T>(mood: Mood, operation: 'get' | 'set' | 'delete', work: () => T): Promise<T> {
    if (mood === 'throw') throw new Error('thrown')
    if (mood === 'reject') return Promise.reject(new Error('rejected'))
    if (mood === 'hang') return new Promise((resolve) => hanging.push(() => resolve(work())))
    if (mood === 'refuse') {
      tell({ type: 'store-failed', store: 'chaos', operation, reason: 'refused' })
      return Promise.resolve(false as T)
    }
    if (mood === 'fine') return Promise.resolve(work())
    return new Promise((resolve) => void clock.schedule(mood, () => resolve(work())))
  }

  const chaos = { clock, held, events, fences, asked, reads: 'fine' as Mood, writes: 'fine' as Mood, deletes: 'fine' as Mood }
  const store: CacheStore = {
    name: 'chaos',
    limits: { maxEntryBytes: 1_000_000 },
    get(key) {
      asked.push(key)
      return act(chaos.reads, 'get', () => held.get(key))
    },
    set: (entry, fence) =>
      act(chaos.writes, 'set', () => {
        fences.push(fence)
        held.set(entry.key, entry)
        return true
      }),
    delete: (key) => act(chaos.deletes, 'delete', () => held.delete(key)),
    clear: () => held.clear(),
    keys: (prefix) => [...held.keys()].filter((key) => key.startsWith(prefix)),
    size: () => undefined,
    close: () => {},
    listen: (listener) => {
      tell = listener
    },
    ...extra,
  }
  const guard = guardStore(store, { clock, random: () => 0.5, writeDeadlineMs: options.deadlineMs ?? 100, ...options })
  guard.listen((event) => events.push(event))
  return Object.assign(chaos, {
    guard,
    answerAll() {
      for (const answer of hanging.splice(0)) answer()
    },
    async pass(ms: number, each: () => void = () => {}) {
      for (let passed = 0; passed < ms; passed += 10) {
        each()
        clock.advance(10)
        await turn()
      }
    },
  })
}

export function statesOf(events: readonly StoreEvent[]): StoreState[] {
  return events.flatMap((event) => (event.type === 'store-state' ? [event.state] : []))
}
