/**
 * A model of invalidation, against which processes on one store are run in any interleaving: what was begun before an invalidation
 * began is never found by a lookup that began after it ended, at once in the process that invalidated and after the bound in others.
 */

import fc from 'fast-check'
import { BOUND_MS } from '../../../src/stores/epochs/mark-reader.js'
import { createManualClock } from '../../../src/testing/manual-clock.js'
import { createBackend, createProcess, keyOf, type Process, skewed } from './support.js'

const KEYS = ['a', 'b', 'c']
const TAGS = ['t', 'u']
const DOCS = ['d']

export type Command =
  | { readonly kind: 'fill'; readonly by: number; readonly key: string; readonly tag: string; readonly from: 'nothing' | 'doc' | 'answer' }
  | { readonly kind: 'look'; readonly by: number; readonly key: string }
  | { readonly kind: 'touch'; readonly by: number; readonly key: string }
  | { readonly kind: 'evict'; readonly by: number; readonly key: string; readonly where: 'memory' | 'store' }
  | { readonly kind: 'retire'; readonly by: number; readonly what: Selector }
  | { readonly kind: 'crash'; readonly by: number }
  | { readonly kind: 'pass'; readonly ms: number }

export type Selector =
  | { readonly kind: 'tag'; readonly text: string }
  | { readonly kind: 'dependency'; readonly text: string }
  | { readonly kind: 'key'; readonly text: string }
  | { readonly kind: 'partition' }
  | { readonly kind: 'all' }

const by = fc.nat({ max: 1 })
const key = fc.constantFrom(...KEYS)
const selector: fc.Arbitrary<Selector> = fc.oneof(
  fc.record({ kind: fc.constant('tag' as const), text: fc.constantFrom(...TAGS) }),
  fc.record({ kind: fc.constant('dependency' as const), text: fc.constantFrom(...DOCS) }),
  fc.record({ kind: fc.constant('key' as const), text: key }),
  fc.record({ kind: fc.constant('partition' as const) }),
  fc.record({ kind: fc.constant('all' as const) }),
)
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('fill' as const),
      by,
      key,
      tag: fc.constantFrom(...TAGS),
      from: fc.constantFrom('nothing' as const, 'doc' as const, 'answer' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('look' as const), by, key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('touch' as const), by, key }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('evict' as const), by, key, where: fc.constantFrom('memory' as const, 'store' as const) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('retire' as const), by, what: selector }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), by }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 400, BOUND_MS) }) },
)

export interface Plan {
  readonly actors: readonly (readonly Command[])[]
  readonly bus: boolean
  readonly memory: boolean
  /** By how much the second machine's clock is ahead, in ms. */
  readonly skewMs: number
}

export const plan: fc.Arbitrary<Plan> = fc.record({
  actors: fc.array(fc.array(command, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 }),
  bus: fc.boolean(),
  memory: fc.boolean(),
  skewMs: fc.constantFrom(0, 0, 700, -700, 20_000, -20_000),
})

interface Made {
  readonly id: string
  readonly key: string
  readonly tag: string
  readonly doc: string | undefined
  readonly from: Made | undefined
  readonly beganAt: number
}

interface Invalidation {
  readonly what: Selector
  /** One that is started in its place learns of it as any other does. */
  readonly by: Process
  readonly beganAt: number
  endedAt: number | undefined
  endedMs: number
}

/** What is broken on purpose, so that the model has something to find. */
export type Breakage = 'marks are lost' | 'stamps come from the end' | 'nobody asks again'

/** Runs `plan` in the interleaving of `scheduler`. @throws where something was found that must not be */
export async function run(scheduler: fc.Scheduler, { actors, bus, memory, skewMs }: Plan, breakage?: Breakage): Promise<void> {
  const clock = createManualClock()
  const backend = createBackend()
  const clocks = [clock, skewed(clock, skewMs)]
  const turn = (label: string): Promise<void> => scheduler.schedule(Promise.resolve(), label)
  backend.gate = (call, process) => turn(`${process} ${call}`)
  backend.ack = (process) => turn(`${process} answered`)
  if (breakage === 'marks are lost') backend.swallows = (name) => name.startsWith('lc0.mark.') && name !== 'lc0.mark.latest'
  if (breakage === 'nobody asks again') backend.swallows = (name) => name === 'lc0.mark.latest'

  let generation = 0
  const open = (which: number): Process =>
    createProcess(backend, { clock: clocks[which] as typeof clock, memory, bus, deadlineMs: 1_000_000 }, `p${which}.${++generation}`)
  const processes = [open(0), open(1)]
  const process = (which: number): Process => processes[which] as Process

  let events = 0
  let ids = 0
  const made = new Map<string, Made>()
  const stored: Made[] = []
  const invalidations: Invalidation[] = []

  function matches(what: Selector, one: Made): boolean {
    switch (what.kind) {
      case 'tag':
        return one.tag === what.text
      case 'dependency':
        return one.doc === what.text
      case 'key':
        return one.key === what.text
      default:
        return true
    }
  }

  function isDead(one: Made, by: Process, beganAt: number, beganMs: number): boolean {
    const dead = invalidations.some(
      ({ what, by: whose, beganAt: began, endedAt, endedMs }) =>
        matches(what, one) &&
        one.beganAt < began &&
        endedAt !== undefined &&
        endedAt < beganAt &&
        (whose === by || beganMs - endedMs >= BOUND_MS),
    )
    return dead || (one.from !== undefined && isDead(one.from, by, beganAt, beganMs))
  }

  async function look(by: number, name: string): Promise<string | undefined> {
    const own = process(by)
    const beganAt = ++events
    const beganMs = clock.monotonic()
    const found = await own.look(name)
    if (found.kind !== 'found') return undefined
    const one = made.get(found.entry.id) as Made
    if (isDead(one, own, beganAt, beganMs)) throw new Error(`found ${one.id} (${one.key}, ${one.tag}), which was invalidated`)
    return one.id
  }

  async function fill({ by, key: name, tag, from }: Extract<Command, { kind: 'fill' }>): Promise<void> {
    const own = process(by)
    const source = from === 'answer' ? stored.at(-1) : undefined
    const id = `entry-${String(++ids).padStart(16, '0')}`
    const one: Made = { id, key: name, tag, doc: from === 'doc' ? DOCS[0] : undefined, from: source, beganAt: ++events }
    made.set(id, one)
    const dependsOn = one.doc ?? source?.id
    const meta = { tags: [tag], ...(dependsOn !== undefined && { dependsOn: [dependsOn] }) }
    const early = own.begin(name, meta, { id })
    await turn('origin')
    await turn('origin')
    const complete = breakage === 'stamps come from the end' ? own.begin(name, meta, { id }) : early
    // Of a process that crashed meanwhile nothing is left.
    if (own !== process(by)) return
    if ((await complete()) !== 'stored') return
    // The record of where it is follows the entry.
    await turn('record')
    if (backend.held.has(`lc0.answer.${id}`)) stored.push(one)
  }

  async function retire({ by, what }: Extract<Command, { kind: 'retire' }>): Promise<void> {
    const own = process(by)
    const invalidation: Invalidation = { what, by: own, beganAt: ++events, endedAt: undefined, endedMs: 0 }
    invalidations.push(invalidation)
    const reports = await invalidate(own, what)
    if (own !== process(by) || reports.some(({ failed }) => failed !== undefined)) return
    invalidation.endedAt = ++events
    invalidation.endedMs = clock.monotonic()
  }

  async function touch({ by, key: name }: Extract<Command, { kind: 'touch' }>): Promise<void> {
    const own = process(by)
    const found = await own.look(name)
    await turn('touch')
    if (found.kind !== 'found' || own !== process(by)) return
    await own.tiers.set({ ...found.entry, staleAt: found.entry.staleAt + 1, deleteAt: found.entry.deleteAt + 1 })
  }

  async function carryOut(each: Command): Promise<void> {
    await turn(each.kind)
    switch (each.kind) {
      case 'fill':
        return fill(each)
      case 'look':
        await look(each.by, each.key)
        return
      case 'touch':
        return touch(each)
      case 'retire':
        return retire(each)
      case 'evict':
        if (each.where === 'store') backend.held.delete(keyOf(each.key))
        else process(each.by).memory.delete(keyOf(each.key))
        return
      case 'crash':
        processes[each.by] = open(each.by)
        return
      case 'pass':
        clock.advance(each.ms)
    }
  }

  async function act(commands: readonly Command[]): Promise<void> {
    for (const each of commands) await carryOut(each)
  }

  async function finish(): Promise<void> {
    await Promise.all(actors.map(act))
    clock.advance(BOUND_MS)
    for (const which of [0, 1]) for (const name of KEYS) await look(which, name)
    if (breakage !== undefined) return
    // And the cache still caches.
    clock.advance(BOUND_MS)
    for (const which of [0, 1]) {
      for (const name of KEYS) await look(which, name)
      for (const name of KEYS) {
        const refill = async (): Promise<boolean> => {
          await carryOut({ kind: 'fill', by: which, key: name, tag: 't', from: 'nothing' })
          return (await look(which, name)) === `entry-${String(ids).padStart(16, '0')}`
        }
        // Where two processes invalidated at once the first may be begun in ignorance of one of them.
        if (!(await refill()) && !(await refill())) throw new Error(`${name} was not kept`)
      }
    }
  }

  await scheduler.waitFor(finish())
}

function invalidate({ tiers }: Process, what: Selector): ReturnType<Process['tiers']['retire']> {
  switch (what.kind) {
    case 'tag':
    case 'dependency':
      return tiers.retire([tiers.guardOf(what.kind, what.text)])
    case 'key':
      return tiers.delete(keyOf(what.text))
    case 'partition':
      return tiers.erase('lc1.p.')
    case 'all':
      return tiers.erase('')
  }
}
