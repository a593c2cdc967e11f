/**
 * Tiers: stores in a row, the nearest first. Reads go down until one has a fresh entry, which is then promoted to those above;
 * writes go to all; removals go up, so that nothing is promoted again from below.
 */

import { type Entry, entryBytes } from '../entry/entry.js'
import { isThenable } from '../lib/deadline.js'
import type { Awaitable, Clock, StoreEvent, StoreFailure, StoreSize } from '../ports.js'
import type { FlightLease } from '../sharing.js'
import { createEntryIndex, type Located } from './epochs/entry-index.js'
import { createEpochs } from './epochs/epochs.js'
import { type Descended, descend } from './epochs/lineage.js'
import type { Tell } from './epochs/mark-writer.js'
import type { GetOutcome, GuardedStore, SetOutcome, TierStats } from './guarded.js'
import { listenToPeers, type Meant, type Removal } from './hearing.js'
import { createLookups } from './lookups.js'
import { combine } from './outcomes.js'
import { createPeers, type Peers } from './peers.js'
import { createPending } from './pending.js'
import { createRecords, type Records } from './records.js'
import { createRemoving } from './removing.js'
import type { Finding } from './scan.js'
import { warmUp } from './warm-up.js'

/** One store in the row. */
export interface Tier {
  readonly store: GuardedStore
  /** Longest time that an entry stays here, in ms; Infinity where its own lifetime alone counts. */
  readonly ttlMs: number
}

/** What a lookup found: the newest entry with the name of its tier and what `isFresh` said; nothing; or nothing because a tier failed. */
export type Lookup =
  | { readonly kind: 'found'; readonly entry: Entry; readonly source: string; readonly fresh: boolean }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly reason: StoreFailure }

/** What a removal did in one tier. */
export interface TierReport {
  readonly tier: string
  /** Entries that were there. */
  readonly matched: number
  readonly removed: number
  /**
   * Why it is not known to be clean: the store failed, cannot list its keys ('unsupported'), still had some on a second look ('left'),
   * or the other processes could not be told ('peers'), or the app's rule threw ('rule').
   */
  readonly failed: StoreFailure | 'unsupported' | 'left' | 'peers' | 'rule' | undefined
}

/**
 * `superseded`: it was removed on purpose, or another process took the lead, before it was stored. `retired`: its tags or dependencies
 * were invalidated since it was begun.
 */
export type TiersSetOutcome = SetOutcome | 'superseded' | 'retired'

export interface StoreTiers {
  /** True where every tier answers at once. */
  readonly synchronous: boolean
  /** More than one tier. */
  readonly tiered: boolean
  /** The stamp of what begins now, for `EntryMeta.startedAt`. */
  stamp(): number
  /** Looks into the tiers that answer at once, which come first. Gives the newest entry even where `isFresh` says no. */
  peek(key: string, isFresh: (entry: Entry) => boolean): Lookup
  /** Looks into the other tiers, promoting what is fresh. */
  get(key: string, isFresh: (entry: Entry) => boolean): Awaitable<Lookup>
  /**
   * Writes to all tiers and tells the other processes, whose memories may hold another entry; not under a lease that `replaces` none.
   * Under a lease the shared tier comes first: what it refuses for a later leader goes nowhere.
   */
  set(entry: Entry, lease?: FlightLease, replaces?: boolean): Awaitable<TiersSetOutcome>
  /** What the cache keeps of its own, outside this process. */
  readonly records: Records
  /** The processes that share a tier with this one. */
  readonly peers: Peers
  delete(key: string): Promise<readonly TierReport[]>
  /**
   * Removes every key that begins with `prefix` ('' is all) from all tiers, here and in the other processes; with a `finding` that
   * `matches`, only the entries that are meant.
   *
   * @param selector the same for the other processes, as they can read it; without it their memories let go of everything under the prefix
   */
  erase(prefix: string, finding?: Finding, selector?: string): Promise<readonly TierReport[]>
  /**
   * Everything that has one of `guards` and was begun before this call is a miss from now on, in flight or stored, here and in the other
   * processes; what it takes does not depend on how many entries that are. Reports count no entries: nobody looked for them.
   */
  retire(guards: readonly string[]): Promise<readonly TierReport[]>
  /** What `retire` takes for a tag, or for the id of a dependency: a document, an answer, `model:<name>`, `snapshot:<name>`. */
  guardOf(kind: 'tag' | 'dependency', text: string): string
  hasGuard(entry: Entry, guards: ReadonlySet<string>): boolean
  /** What is known here and now: `entry`, which was found before, must not be sent any more. */
  isRetired(entry: Entry): boolean
  /** Where the answer with this id was stored; undefined where nobody knows; or which tiers did not say. Never rejects. */
  find(id: string): Promise<Pick<Located, 'key'> | { readonly unknown: readonly TierReport[] } | undefined>
  /** Counts the entries under `prefix` that `finding` means, tier by tier. Nothing is changed, and nobody told. */
  scan(prefix: string, finding: Finding): Promise<readonly TierReport[]>
  /** Counts the entries under `keys`, as `scan` does. */
  look(keys: readonly string[], finding: Finding): Promise<readonly TierReport[]>
  size(): StoreSize | undefined
  stats(): readonly TierStats[]
  /**
   * Fills the memory in front from `entries`, which come from a tier behind it, until they end, `isClosed` says so, or something is
   * removed: what was read before that might be it. Newer entries stay. Never rejects.
   */
  warm(entries: (maxBytes: number) => Iterable<Entry> | AsyncIterable<Entry>, isClosed: () => boolean): Promise<void>
  close(): Promise<void>
}

export interface TiersOptions {
  readonly clock: Clock
  readonly onEvent: (event: StoreEvent) => void
  /** Another process removed this: what is in flight for it here must not be stored. */
  readonly onRemoved: (removal: Removal) => void
  /** Something was retired, here or in another process: nobody who asks from now on may join what is in flight. */
  readonly onRetired: () => void
  /** What the selector of another process means; undefined where it cannot be read. Never throws or rejects. @default it cannot */
  readonly meantBy?: ((selector: string) => Awaitable<Meant | undefined>) | undefined
  /** Most marks and answers that are known at a time, of each. @default 20,000 marks, 10,000 answers */
  readonly maxKnown?: number | undefined
}

export function createTiers(
  tiers: readonly Tier[],
  { clock, onEvent, onRemoved, onRetired, meantBy = () => undefined, maxKnown }: TiersOptions,
): StoreTiers {
  const inMemory = tiers.filter(({ store }) => store.inMemory)
  const shared = tiers.find(({ store }) => store.sharing !== undefined)
  const peers = createPeers(shared?.store)
  const pending = createPending()
  const lasting = tiers.filter(({ store }) => !store.inMemory).map(({ store }) => store)
  const tell: Tell = (guards, at, removal) => peers.announce({ kind: 'retired', guards, at, ...(removal && { removal }) })
  const epochs = createEpochs({
    stores: lasting,
    clock,
    bus: shared && peers.hasBus ? { store: shared.store, tell } : undefined,
    onChange: onRetired,
    maxKnown,
  })
  const records = createRecords(lasting, clock)
  const index = createEntryIndex({
    stores: lasting,
    memories: inMemory.map(({ store }) => store),
    guards: epochs.guards,
    clock,
    max: maxKnown,
  })
  let removals = 0

  for (const { store } of tiers) store.listen(onEvent)

  const bus = shared?.store.sharing?.bus
  const hearing =
    shared && bus
      ? listenToPeers({
          tiers,
          shared,
          bus,
          clock,
          meantBy,
          onRemoved(removal) {
            removals++
            spoil(removal)
            onRemoved(removal)
          },
          onRetired({ guards, at, removal }) {
            epochs.hear(guards, at)
            if (!removal) onRetired()
          },
          onLost: epochs.lose,
        })
      : undefined

  function spoil(removal: Removal): void {
    if ('prefix' in removal) pending.spoil(removal.prefix, removal.meant?.matches)
    else for (const key of removal.keys) pending.spoil(key)
  }

  function capped(entry: Entry, { ttlMs, store }: Tier): Entry {
    const most = clock.now() + Math.min(ttlMs, store.limits.maxTtlMs ?? Number.POSITIVE_INFINITY)
    if (entry.deleteAt <= most) return entry
    return { ...entry, staleAt: Math.min(entry.staleAt, most), deleteAt: most }
  }

  function write(tier: Tier, entry: Entry, lease?: FlightLease): Awaitable<SetOutcome> {
    if (tier === shared && !lease) hearing?.wrote(entry.key)
    return tier.store.set(capped(entry, tier), lease)
  }

  /** In the background where the tier is slow: the answer does not wait for it. */
  function promote(entry: Entry, above: readonly Tier[]): void {
    for (const tier of above) void write(tier, entry)
  }

  const lookups = createLookups({ tiers, pending, epochs, owes: (tier, key) => hearing?.owes(tier, key) === true, promote })
  const onRemoval = (): void => {
    removals++
  }
  const removing = createRemoving({ tiers, pending, peers, epochs, lasting, clock, onRemoval })

  async function setUnderLease(entry: Entry, lease: FlightLease, fenced: Tier): Promise<TiersSetOutcome> {
    const work = pending.begin(entry.key)
    try {
      const first = await write(fenced, entry, lease)
      const superseded = first === 'refused' && entryBytes(entry) <= fenced.store.limits.maxEntryBytes
      if (work.spoils(entry) || superseded || !lease.held) {
        // Reads may have promoted it from the queue of writes.
        for (const { store } of inMemory) void store.delete(entry.key)
        return 'superseded'
      }
      const rest = tiers.filter((tier) => tier !== fenced).map((tier) => write(tier, entry))
      return combine([first, ...(await Promise.all(rest))])
    } finally {
      work.end()
    }
  }

  function keep(entry: Entry, lease: FlightLease | undefined, replaces: boolean): Awaitable<TiersSetOutcome> {
    const sealed = epochs.seal(entry)
    if (!sealed) return 'retired'
    index.note(sealed)
    if (lease && shared) return setUnderLease(sealed, lease, shared).then((outcome) => stored(sealed, outcome, replaces))
    const outcomes = tiers.map((tier) => write(tier, sealed))
    if (outcomes.some(isThenable)) return Promise.all(outcomes).then((all) => stored(sealed, combine(all), true))
    return stored(sealed, combine(outcomes as SetOutcome[]), false)
  }

  function stored<O extends TiersSetOutcome>(entry: Entry, outcome: O, replaces: boolean): O {
    if (outcome === 'stored' && lasting.length > 0) {
      const record = index.recordOf(entry)
      for (const tier of tiers) if (!tier.store.inMemory) void tier.store.set(capped(record, tier))
    }
    if (outcome === 'stored' && replaces && peers.hasBus) void peers.announce({ kind: 'changed', key: entry.key })
    return outcome
  }

  return {
    synchronous: lasting.length === 0 && tiers.every(({ store }) => store.synchronous),
    tiered: tiers.length > 1,
    stamp: epochs.stamp,
    peers,
    records,
    ...lookups,
    ...removing,
    set(entry, lease, replaces = true) {
      const descended = descend(entry, index)
      const finish = (whole: Descended): Awaitable<TiersSetOutcome> => {
        if (typeof whole !== 'string') return keep(whole, lease, replaces)
        return whole === 'too-many' ? 'refused' : 'failed'
      }
      return isThenable(descended) ? descended.then(finish) : finish(descended)
    },
    async retire(guards) {
      onRetired()
      return removing.reportMarks(await epochs.retire(guards, false))
    },
    guardOf: epochs.guards.of,
    isRetired: epochs.isRetired,
    hasGuard: (entry, guards) => epochs.guards.entry(entry).some(({ guard }) => guards.has(guard)),
    async find(id) {
      const found = await index.find(id)
      if (found === 'absent') return undefined
      return 'failures' in found ? { unknown: removing.reportMarks(found.failures) } : { key: found.key }
    },
    size() {
      for (const { store } of tiers) {
        const size = store.size()
        if (size) return size
      }
      return undefined
    },
    stats: () => tiers.map(({ store }) => store.stats()),
    async warm(entries, isClosed) {
      const near = tiers[0]
      if (!near?.store.inMemory) return
      const before = removals
      const from = lasting.find(({ local }) => local) ?? lasting[0]
      const keepNewer = async (entry: Entry): Promise<void> => {
        if ((await epochs.decide(entry, from)) !== 'valid' || removals !== before) return
        const found = near.store.get(entry.key) as GetOutcome
        if (found.kind !== 'found' || found.entry.storedAt < entry.storedAt) void write(near, entry)
      }
      const budgetBytes = Math.floor((near.store.limits.maxBytes ?? DEFAULT_WARM_BYTES) / 2)
      await warmUp(entries(budgetBytes), keepNewer, () => isClosed() || removals !== before)
    },
    async close() {
      hearing?.close()
      await epochs.close()
      await Promise.all(tiers.map(({ store }) => store.close()))
    },
  }
}

/** For memories that do not say how much they hold. */
const DEFAULT_WARM_BYTES = 64 * 1024 * 1024
