/** What is learnt from the answers that are stored: how they compare with those nearest to them, and where they belong. */

import { sha256 } from '#platform'
import { answerTextOf } from '../answer/text.js'
import type { Entry, EntryPrompt } from '../entry/entry.js'
import { headerValue } from '../http/headers.js'
import type { Awaitable, Clock } from '../ports.js'
import type { SafeEmbedder } from './embedders/guarded.js'
import type { Lesson, SemanticQuery } from './finding.js'
import type { Judges } from './judges/judges.js'
import type { LayerDeps, SemanticEvent } from './layer.js'
import type { Learners } from './learners.js'
import { MAX_NODES, type NodeTable } from './nodes.js'
import type { ResolvedSemantic } from './options.js'
import type { AnswerText, VectorIndex, VectorMatch } from './ports.js'
import type { Neighbour } from './rule/standing.js'
import { compareTexts } from './text/compare.js'
import { matchable } from './text/eligibility.js'
import type { Frequencies } from './text/frequencies.js'
import { profileOf } from './text/profile.js'

export interface Learning {
  /** An answer is stored: it can be found from now on, and teaches. In the background. @param lesson undefined where nobody looked for it */
  stored(entry: Entry, lesson: Lesson | undefined): void
  /** Whether an answer may be found for another prompt than its own. @param body as the origin sent it */
  isFindable(text: string, contentType: string, body: Uint8Array, provider: string): boolean
  /** Reads the entries of before a restart, in the background. */
  restore(): void
  /** Resolves when everything that was to be learnt is learnt. */
  idle(): Promise<void>
}

/** The layer's parts that learning works with. */
export interface LearningContext {
  readonly options: ResolvedSemantic
  readonly store: LayerDeps['store']
  readonly decode: LayerDeps['decode']
  readonly clock: Clock
  readonly onEvent: (event: SemanticEvent) => void
  readonly embedder: SafeEmbedder
  readonly index: VectorIndex
  readonly nodes: NodeTable
  readonly judges: Judges
  readonly learners: Learners
  readonly spaceOf: (namespace: string) => string
  readonly frequenciesOf: (namespace: string) => Frequencies
  readonly entryOf: (key: string, isFresh: (entry: Entry) => boolean) => Awaitable<{ readonly entry: Entry } | undefined>
  readonly neighboursOf: (query: SemanticQuery, matches: readonly VectorMatch[]) => Awaitable<readonly Neighbour[]>
  /** Takes the vector of a node out of the index. */
  readonly drop: (key: string, namespace: string) => void
  /** Cosine below which prompts have nothing in common. */
  readonly least: number
  readonly isClosed: () => boolean
}

export function createLearning(context: LearningContext): Learning {
  const { options, store, decode, clock, onEvent, embedder, index, nodes, judges, learners } = context
  const { spaceOf, frequenciesOf, entryOf, neighboursOf, drop, least, isClosed } = context
  const running = new Set<Promise<void>>()

  function inBackground(work: Promise<void>, where: 'index' | 'learn'): void {
    const guarded = work.catch((error: unknown) => onEvent({ type: 'semantic-failed', where, errorName: nameOf(error) }))
    running.add(guarded)
    void guarded.finally(() => running.delete(guarded))
  }

  function stored(entry: Entry, lesson: Lesson | undefined): void {
    if (!lesson && nodes.get(entry.key)?.entryId === entry.id) return
    if (isClosed() || !entry.meta.prompt || running.size >= MAX_LEARNING) return
    inBackground(lesson ? learn(entry, lesson) : adopt(entry, entry.meta.prompt), 'learn')
  }

  /** An answer that came by without being looked for: refreshed, warmed, of another process, of before a restart. */
  async function adopt(entry: Entry, { owner, ...semantic }: EntryPrompt): Promise<void> {
    const profile = profileOf(semantic.text)
    const group = await recordedGroup(entry)
    // Another process has compared it already.
    if (group !== undefined)
      return place(entry, { ...semantic, ...(owner !== undefined && { owner }) }, group, await embedder.embed(semantic.text))
    const query: SemanticQuery = {
      key: entry.key,
      semantic: { kind: 'prompt', ...semantic },
      owner,
      least: undefined,
      isFresh: ANY,
      mayAudit: false,
    }
    const vector = await embedder.embed(semantic.text)
    const matches = await index.search(spaceOf(semantic.namespace), vector, { k: NEIGHBOURS })
    const neighbours = await neighboursOf(query, matches)
    await learn(entry, { query, profile, vector, neighbours, candidate: undefined, decision: undefined })
  }

  /** Entries of before a restart, into an index that is in this process. */
  async function restoreAll(): Promise<void> {
    const found: Entry[] = []
    const over = (): boolean => isClosed() || nodes.size + found.length >= MAX_NODES
    await store.scan('lc1.', {
      matches: (entry) => entry.meta.prompt !== undefined && !nodes.get(entry.key),
      over,
      found: (entry) => void found.push(slim(entry)),
    })
    for (const entry of found) {
      if (isClosed()) return
      await restoreOne(entry).catch((error: unknown) => onEvent({ type: 'semantic-failed', where: 'index', errorName: nameOf(error) }))
    }
  }

  async function restoreOne(entry: Entry): Promise<void> {
    const { key, meta } = entry
    if (!meta.prompt || nodes.get(key) || !isMatchable(meta.prompt.text)) return
    const group = (await recordedGroup(entry)) ?? entry.id
    await place(entry, meta.prompt, group, await embedder.embed(meta.prompt.text))
  }

  /** Makes it one that can be found, unless it was removed or replaced meanwhile: then nothing leads to it any more. */
  async function place(
    entry: Entry,
    { text, namespace, owner }: Omit<EntryPrompt, 'domain'>,
    group: string,
    vector: Float32Array,
  ): Promise<void> {
    const still = await entryOf(entry.key, ANY)
    if (isClosed() || still?.entry.id !== entry.id) return
    nodes.add({ key: entry.key, entryId: entry.id, namespace, text, group, owner })
    frequenciesOf(namespace).add(profileOf(text))
    await index.add(spaceOf(namespace), [{ id: entry.key, vector, deleteAt: entry.staleAt }])
    // It went while it was added.
    if (!nodes.get(entry.key)) drop(entry.key, namespace)
  }

  async function recordedGroup({ key, id }: Pick<Entry, 'key' | 'id'>): Promise<string | undefined> {
    return store.records.lasting ? (await store.records.read(groupKey(key, id)))?.[0] : undefined
  }

  function isMatchable(text: string): boolean {
    const profile = profileOf(text)
    if (matchable(profile, options.minTokens)) return false
    try {
      return !options.router?.(profile)
    } catch {
      // The lookup has told of it.
      return false
    }
  }

  async function learn(entry: Entry, { query, profile, vector, neighbours, candidate, decision }: Lesson): Promise<void> {
    const answer = await answerOf(entry)
    if (!answer) return
    const { namespace, domain, text } = query.semantic
    let group: string | undefined
    const tried = new Set<string>()
    for (const neighbour of neighbours) {
      if (group !== undefined || tried.size > MERGES) break
      // Best first: what comes now has hardly a word in common.
      if (neighbour.similarity < least) break
      const node = nodes.get(neighbour.id)
      if (!node || tried.has(node.group)) continue
      tried.add(node.group)
      // Equal answers to prompts that ask for different things ('Yes.') are no group.
      if (compareTexts(profile, nodes.profileOf(node), frequenciesOf(namespace), options.guards).vetoes.length > 0) continue
      const found = await entryOf(node.key, ANY)
      const other = found && found.entry.id === node.entryId ? await answerOf(found.entry) : undefined
      if (!other) continue
      const opinion = await judges.ask({ prompts: [text, node.text], answers: [answer, other] })
      const isNearest = neighbour === neighbours[0]
      if (isNearest)
        onEvent({ type: 'semantic-judged', verdict: opinion?.verdict, judge: opinion?.judge, audited: decision?.action === 'audit' })
      if (opinion && isNearest && candidate && decision) learners.learn(domain, { candidate, decision, same: opinion.verdict === 'same' })
      if (opinion?.verdict === 'same') group = node.group
    }
    const own = group ?? entry.id
    if (store.records.lasting) void store.records.write(groupKey(entry.key, entry.id), own, entry.deleteAt - clock.now())
    await place(entry, { text, namespace, ...(query.owner !== undefined && { owner: query.owner }) }, own, vector)
  }

  /** What calls tools, says nothing in words, or was asked in words that are never matched, is found by its own key alone. */
  function isFindable(text: string, contentType: string, body: Uint8Array, provider: string): boolean {
    if (!isMatchable(text)) return false
    const answer = answerTextOf(contentType, body, provider)
    return answer !== undefined && !answer.toolCalls
  }

  async function answerOf(entry: Entry): Promise<AnswerText | undefined> {
    const body = entry.encoding ? await decode(entry) : entry.body
    return answerTextOf(headerValue(entry.headers, 'content-type') ?? '', body, entry.meta.provider)
  }

  return {
    stored,
    isFindable,
    restore: () => inBackground(restoreAll(), 'index'),
    async idle() {
      while (running.size > 0) await Promise.all(running)
    },
  }
}

/** Which group an answer belongs to: ids that say nothing. */
export function groupKey(key: string, entryId: string): string {
  return `lc0.group.${sha256(`${key} ${entryId}`).slice(0, 22)}`
}

/** Without its body. */
function slim(entry: Entry): Entry {
  return { ...entry, body: NO_BODY }
}

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}

export const ANY = (): boolean => true
/** Nearest entries that a prompt is compared with. */
export const NEIGHBOURS = 8
const NO_BODY = new Uint8Array(0)
/** Groups besides the nearest whose answers a new one is compared with. */
const MERGES = 3
const MAX_LEARNING = 1000
