/**
 * Tiers: stores in a row, the nearest first. Reads go down until one has a fresh entry, which is then promoted to those above;
 * writes go to all; removals go up, so that nothing is promoted again from below.
 */

import { LRUCache } from 'lru-cache'
import { type Entry, entryBytes } from '../entry/entry.js'
import { isThenable } from '../lib/deadline.js'
import type { Awaitable, Clock, StoreEvent, StoreFailure, StoreSize } from '../ports.js'
import type { FlightLease } from '../sharing.js'
import { createCascade, type RemovalMessage } from './epochs/cascade.js'
import { createEntryIndex, type Located } from './epochs/entry-index.js'
import { createEpochs } from './epochs/epochs.js'
import { type Descended, descend } from './epochs/lineage.js'
import type { MarkFailure } from './epochs/mark-writer.js'
import type { GetOutcome, GuardedStore, SetOutcome, TierStats } from './guarded.js'
import { listenToPeers, type Meant, type Removal } from './hearing.js'
import { ABSENT, better, combine, reportNothing, reportOf, sum } from './outcomes.js'
import { createPeers, type Peers } from './peers.js'
import { createPending } from './pending.js'
import { createRecords, type Records } from './records.js'
import { createChooser, type Finding, type ScanOutcome } from './scan.js'
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
   * @param selector the same for the other processes, as they can read it; without it they let go of everything under the prefix
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
  /** Where the answer with this id was stored; undefined where nobody knows. Never rejects. */
  find(id: string): Promise<Pick<Located, 'key'> | undefined>
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
}

export function createTiers(
  tiers: readonly Tier[],
  { clock, onEvent, onRemoved, onRetired, meantBy = () => undefined }: TiersOptions,
): StoreTiers {
  const firstSlow = tiers.findIndex(({ store }) => !store.synchronous)
  const quick = firstSlow === -1 ? tiers : tiers.slice(0, firstSlow)
  const slow = firstSlow === -1 ? [] : tiers.slice(firstSlow)
  const inMemory = tiers.filter(({ store }) => store.inMemory)
  const shared = tiers.find(({ store }) => store.sharing !== undefined)
  const peers = createPeers(shared?.store)
  const pending = createPending()
  const lasting = tiers.filter(({ store }) => !store.inMemory).map(({ store }) => store)
  const tell = (guards: readonly string[], at: number): Promise<boolean> => peers.announce({ kind: 'retired', guards, at })
  const epochs = createEpochs({
    stores: lasting,
    clock,
    bus: shared && peers.hasBus ? { store: shared.store, tell } : undefined,
    onChange: onRetired,
  })
  const cascade = createCascade(epochs)
  const records = createRecords(lasting, clock)
  const index = createEntryIndex({ stores: lasting, guards: epochs.guards, clock })
  /** Keys found in a memory of which it takes a read to know whether they are retired: `get` looks there once more. */
  const doubts = new LRUCache<string, true>({ max: MAX_DOUBTS })
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
            cascade.heard(removal)
            onRemoved(removal)
          },
          onRetired(guards, at) {
            epochs.hear(guards, at)
            onRetired()
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

  /** It is a miss. Where other processes may just have replaced it, or lead a flight for it, it stays until it is replaced. */
  function discard(key: string, { store }: Tier): void {
    if (store.local) void store.delete(key)
  }

  async function walk(key: string, through: readonly Tier[], isFresh: (entry: Entry) => boolean): Promise<Lookup> {
    const work = pending.begin(key)
    try {
      let best: Lookup = ABSENT
      for (const tier of through) {
        if (hearing?.owes(tier, key)) continue
        const found = await tier.store.get(key)
        const verdict = found.kind === 'found' ? await epochs.decide(found.entry, originOf(tier, found)) : 'valid'
        if (work.spoils(found.kind === 'found' ? found.entry : undefined)) return ABSENT
        if (verdict === 'retired') discard(key, tier)
        if (verdict !== 'valid') continue
        best = better(best, found, tier, isFresh)
        if (best.kind !== 'found' || !best.fresh) continue
        promote(best.entry, tiers.slice(0, tiers.indexOf(tier)))
        return best
      }
      // Before the origin is asked: an answer that is begun in ignorance of a removal may be taken for an older one.
      if (best.kind === 'absent') await epochs.learnKey(key)
      return best
    } finally {
      work.end()
    }
  }

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

  function reportMarks(failures: readonly (MarkFailure | undefined)[]): readonly TierReport[] {
    return tiers.map(({ store }) => reportNothing(store.name, failures[lasting.indexOf(store)]))
  }

  /** What was removed is gone; marks stop what is on its way, also where nobody can be told, and what was made from it. */
  async function removeAndRetire(
    message: RemovalMessage,
    work: (tier: Tier, finding: Finding | undefined) => Awaitable<TierReport>,
    finding?: Finding,
  ): Promise<readonly TierReport[]> {
    const falling = cascade.begin(message, finding)
    const removed = await remove(message, (tier) => work(tier, falling.finding), finding?.matches)
    const marks = reportMarks(await falling.end())
    return removed.map((report, at) => ({ ...report, failed: report.failed ?? marks[at]?.failed }))
  }

  /** From the deepest tier up, the memories first and last: what is promoted meanwhile goes as well. */
  async function remove(
    message: RemovalMessage,
    work: (tier: Tier) => Awaitable<TierReport>,
    matches?: Finding['matches'],
  ): Promise<readonly TierReport[]> {
    const prefix = 'prefix' in message ? message.prefix : message.key
    removals++
    pending.spoil(prefix, matches)
    const reports = new Map<Tier, TierReport>()
    for (const tier of inMemory) reports.set(tier, await work(tier))
    for (const tier of [...tiers].reverse()) if (!tier.store.inMemory) reports.set(tier, await work(tier))
    pending.spoil(prefix, matches)
    for (const tier of inMemory) reports.set(tier, sum(reports.get(tier) as TierReport, await work(tier)))
    if (shared && !(await peers.announce(message))) {
      const report = reports.get(shared) as TierReport
      reports.set(shared, { ...report, failed: report.failed ?? 'peers' })
    }
    return tiers.map((tier) => reports.get(tier) as TierReport)
  }

  async function inspect(work: (tier: Tier) => Promise<ScanOutcome>): Promise<readonly TierReport[]> {
    const reports: TierReport[] = []
    for (const tier of tiers) {
      const outcome = await work(tier)
      const failed = outcome.kind === 'failed' ? outcome.reason : undefined
      reports.push({ tier: tier.store.name, matched: outcome.matched, removed: 0, failed })
    }
    return reports
  }

  return {
    synchronous: slow.length === 0 && lasting.length === 0,
    tiered: tiers.length > 1,
    stamp: epochs.stamp,
    peers,
    records,
    peek(key, isFresh) {
      let best: Lookup = ABSENT
      for (let index = 0; index < quick.length; index++) {
        const tier = quick[index] as Tier
        if (hearing?.owes(tier, key)) continue
        const found = tier.store.get(key) as GetOutcome
        const verdict = found.kind === 'found' ? epochs.judge(found.entry, originOf(tier, found)) : 'valid'
        if (verdict === 'retired') discard(key, tier)
        if (verdict === undefined) doubts.set(key, true)
        if (verdict !== 'valid') continue
        best = better(best, found, tier, isFresh)
        if (best.kind !== 'found' || !best.fresh) continue
        if (index > 0) promote(best.entry, quick.slice(0, index))
        return best
      }
      return best
    },
    get(key, isFresh) {
      const through = doubts.delete(key) ? tiers : slow
      return through.length === 0 ? ABSENT : walk(key, through, isFresh)
    },
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
      return reportMarks(await epochs.retire(guards, true))
    },
    guardOf: epochs.guards.of,
    hasGuard: (entry, guards) => epochs.guards.entry(entry).some(({ guard }) => guards.has(guard)),
    async find(id) {
      const found = await index.find(id)
      return typeof found === 'string' ? undefined : { key: found.key }
    },
    delete: (key) =>
      removeAndRetire({ kind: 'deleted', key }, async ({ store }) => {
        const outcome = await store.delete(key)
        const removed = outcome === 'deleted' ? 1 : 0
        const failed = outcome === 'failed' ? (store.state === 'up' ? 'error' : 'skipped') : undefined
        return { tier: store.name, matched: removed, removed, failed }
      }),
    erase: (prefix, finding, selector) =>
      removeAndRetire(
        selector === undefined ? { kind: 'erased', prefix } : { kind: 'scanned', prefix, selector },
        async ({ store }, falling) => reportOf(store.name, await store.erase(prefix, falling)),
        finding,
      ),
    scan: (prefix, finding) => inspect(({ store }) => store.scan(prefix, finding)),
    look: (keys, finding) =>
      inspect(async ({ store }) => {
        const chosen = await createChooser(store, finding, clock).choose(keys)
        return chosen.kind === 'failed' ? { ...chosen, matched: 0 } : { kind: 'scanned', matched: chosen.value.length }
      }),
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

/** What is found in this process, in a memory or waiting to be written, was judged or made here. */
function originOf({ store }: Tier, found: GetOutcome): GuardedStore | undefined {
  return store.inMemory || (found.kind === 'found' && found.waiting) ? undefined : store
}

const MAX_DOUBTS = 1000
/** For memories that do not say how much they hold. */
const DEFAULT_WARM_BYTES = 64 * 1024 * 1024
