/** Several processes on one store, each with a clock of its own, all in one test that sees every call. */

import type { Entry } from '../../../src/entry/entry.js'
import type { CacheStore, Clock } from '../../../src/ports.js'
import type { BusMessage, InvalidationBus } from '../../../src/sharing.js'
import { guardStore } from '../../../src/stores/guarded.js'
import { createMemoryStore } from '../../../src/stores/memory.js'
import { createTiers, type Lookup, type StoreTiers, type TiersSetOutcome } from '../../../src/stores/tiers.js'
import { createManualClock, type ManualClock } from '../../../src/testing/manual-clock.js'
import { sampleEntry } from '../../../src/testing/sample-entry.js'

export const always = (): boolean => true
export const turns = async (count = 60): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await Promise.resolve()
}

/** `clock` as a machine has it whose wall clock is `off` by so many ms. */
export function skewed(clock: ManualClock, off: number): ManualClock & { off: number } {
  const own = {
    off,
    now: () => clock.now() + own.off,
    monotonic: () => clock.monotonic(),
    schedule: (ms: number, callback: () => void) => clock.schedule(ms, callback),
    advance: (ms: number) => clock.advance(ms),
    pending: () => clock.pending(),
  }
  return own
}

export type Call = 'publish' | 'get' | 'getMany' | 'set' | 'setMany' | 'delete' | 'keys'

/** What all processes share: entries, calls, faults, messages. */
export interface Backend {
  readonly held: Map<string, Entry>
  readonly calls: { readonly call: Call; readonly keys: readonly string[] }[]
  /** Calls of this kind fail for this process. */
  readonly failing: Set<string>
  /** Before each call; what it awaits holds the call up. */
  gate: ((call: Call, process: string) => Promise<void>) | undefined
  /** After each write, before it is answered. */
  ack: ((process: string) => Promise<void>) | undefined
  /** Writes of these keys are answered as if they had been carried out. */
  swallows: ((key: string) => boolean) | undefined
  /** Messages are lost on their way. */
  losing: boolean
  tellLost(): void
}

export function createBackend(): Backend & { store(process: string, clock: Clock, withBus: boolean): CacheStore } {
  const held = new Map<string, Entry>()
  const calls: Backend['calls'] = []
  const listeners = new Map<string, (message: BusMessage | { readonly kind: 'lost' }) => void>()

  const backend = {
    held,
    calls,
    failing: new Set<string>(),
    gate: undefined as Backend['gate'],
    ack: undefined as Backend['ack'],
    swallows: undefined as Backend['swallows'],
    losing: false,
    tellLost() {
      for (const listener of listeners.values()) listener({ kind: 'lost' })
    },
    store(process: string, clock: Clock, withBus: boolean): CacheStore {
      async function call<T>(name: Call, keys: readonly string[], work: () => T): Promise<T> {
        calls.push({ call: name, keys })
        await backend.gate?.(name, process)
        if (backend.failing.has(process) || backend.failing.has(`${process} ${name}`)) throw new Error('down')
        const result = work()
        if (name !== 'get' && name !== 'getMany') await backend.ack?.(process)
        return result
      }
      const read = (key: string): Entry | undefined => {
        const entry = held.get(key)
        return entry && entry.deleteAt > clock.now() ? entry : undefined
      }
      const write = (entry: Entry): boolean => {
        if (!backend.swallows?.(entry.key)) held.set(entry.key, entry)
        return true
      }
      const bus: InvalidationBus = {
        boundMs: 1000,
        async publish(message) {
          if (backend.failing.has(process) || backend.failing.has(`${process} publish`)) throw new Error('down')
          await backend.gate?.('publish', process)
          if (backend.losing) return
          for (const [other, listener] of listeners) if (other !== process) listener(message)
        },
        caughtUp: async () => undefined,
        subscribe: (listener) => void listeners.set(process, listener),
      }
      return {
        name: 'shared',
        limits: { maxEntryBytes: Number.POSITIVE_INFINITY },
        ...(withBus && { sharing: { bus } }),
        get: (key) => call('get', [key], () => read(key)),
        getMany: (keys) => call('getMany', keys, () => keys.map(read)),
        set: (entry) => call('set', [entry.key], () => write(entry)),
        setMany: (entries) =>
          call(
            'setMany',
            entries.map(({ key }) => key),
            () => entries.map(write),
          ),
        delete: (key) => call('delete', [key], () => held.delete(key)),
        clear: async () => held.clear(),
        async *keys(prefix) {
          await call('keys', [prefix], () => undefined)
          for (const key of [...held.keys()]) if (key.startsWith(prefix)) yield key
        },
        size: () => undefined,
        close: () => void listeners.delete(process),
      }
    },
  }
  return backend
}

export interface Process {
  readonly tiers: StoreTiers
  readonly clock: ManualClock
  readonly memory: CacheStore
  /** How often something was said to be retired. */
  readonly retirements: number
  /** An answer that began now. */
  begin(key: string, meta?: Partial<Entry['meta']>, fields?: Partial<Entry>): () => Promise<TiersSetOutcome>
  fill(key: string, meta?: Partial<Entry['meta']>, fields?: Partial<Entry>): Promise<TiersSetOutcome>
  look(key: string): Promise<Lookup>
  has(key: string): Promise<boolean>
  retire(...tags: string[]): ReturnType<StoreTiers['retire']>
}

export interface ProcessOptions {
  readonly clock?: ManualClock
  readonly memory?: boolean
  readonly bus?: boolean
  /** How long one call may take, in ms. @default 100 */
  readonly deadlineMs?: number
}

let processes = 0
/** More than any test needs: tables allocate for it, thousands of times. */
const MAX_KNOWN = 500

export function createProcess(
  backend: ReturnType<typeof createBackend> | undefined,
  options: ProcessOptions = {},
  name = `p${++processes}`,
): Process {
  const { clock = createManualClock(), memory: withMemory = true, bus = false, deadlineMs = 100 } = options
  const memory = createMemoryStore({ clock, maxEntries: MAX_KNOWN })
  const stores = [...(withMemory ? [memory] : []), ...(backend ? [backend.store(name, clock, bus)] : [])]
  let retirements = 0
  const tiers = createTiers(
    stores.map((store) => ({
      store: guardStore(store, { clock, deadlineMs, longDeadlineMs: deadlineMs * 100 }),
      ttlMs: Number.POSITIVE_INFINITY,
    })),
    { clock, onEvent: () => undefined, onRemoved: () => undefined, onRetired: () => void retirements++, maxKnown: MAX_KNOWN },
  )
  const process: Process = {
    tiers,
    clock,
    memory,
    get retirements() {
      return retirements
    },
    begin(key, meta = {}, fields = {}) {
      const startedAt = tiers.stamp()
      return async () => {
        const base = sampleEntry(clock, { key: keyOf(key), id: key, ...fields })
        return tiers.set({ ...base, meta: { ...base.meta, originMs: 0, startedAt, ...meta } })
      }
    },
    fill: (key, meta, fields) => process.begin(key, meta, fields)(),
    async look(key) {
      const near = tiers.peek(keyOf(key), always)
      return near.kind === 'found' ? near : tiers.get(keyOf(key), always)
    },
    async has(key) {
      const found = await process.look(key)
      return found.kind === 'found'
    },
    retire: (...tags) => tiers.retire(tags.map((tag) => tiers.guardOf('tag', tag))),
  }
  return process
}

export function keyOf(name: string): string {
  return `lc1.p.${name}`
}
