/** What is learnt from the answers that are stored: how they compare with those nearest to them, and where they belong. */

import { LRUCache } from 'lru-cache'
import { type AnswerContent, answerTextOf } from '../answer/text.js'
import type { Entry, EntryPrompt } from '../entry/entry.js'
import { headerValue } from '../http/headers.js'
import { atMost } from '../lib/at-most.js'
import { createTurns } from '../lib/turn.js'
import type { Awaitable, Clock } from '../ports.js'
import type { SafeEmbedder } from './embedders/guarded.js'
import type { Lesson, SemanticQuery } from './finding.js'
import type { Judges } from './judges/judges.js'
import type { SemanticEvent } from './layer.js'
import type { Learners } from './learners.js'
import { ANY, type LayerStore, type Nearby } from './nearby.js'
import { MAX_NODES, type Node } from './nodes.js'
import type { ResolvedSemantic } from './options.js'
import type { AnswerText } from './ports.js'
import { compareTexts } from './text/compare.js'
import { matchable } from './text/eligibility.js'
import { profileOf, type TextProfile } from './text/profile.js'

export interface Learning {
  /**
   * An answer is stored: it can be found from now on, and teaches. In the background.
   *
   * @param lesson undefined where nobody looked for it
   * @param answer what it says, where that was read already
   */
  stored(entry: Entry, lesson: Lesson | undefined, answer?: AnswerText): void
  /** An entry was found under its own key: if the store did not let it be added when it was stored, it is now. */
  met(entry: Entry): void
  /** An entry lasts longer than it did when it was stored. */
  prolonged(entry: Entry): void
  /**
   * The answer to `text`, if it may be found for another prompt than its own: what calls tools, says nothing in words, or was asked in
   * words that are never matched, may not.
   */
  answerToFind(text: string, read: () => AnswerContent | undefined): AnswerText | undefined
  /** Reads the entries of before a restart, in the background. */
  restore(): void
}

/** The layer's parts that learning works with. */
export interface LearningContext {
  readonly options: ResolvedSemantic
  readonly store: LayerStore
  readonly decode: (entry: Entry) => Awaitable<Uint8Array>
  readonly clock: Clock
  readonly onEvent: (event: SemanticEvent) => void
  readonly onFailed: (where: 'index' | 'learn', error: unknown) => void
  readonly embedder: SafeEmbedder
  readonly nearby: Nearby
  readonly judges: Judges
  readonly learners: Learners
  /** Cosine below which prompts have nothing in common. */
  readonly least: number
  readonly isClosed: () => boolean
}

export function createLearning(context: LearningContext): Learning {
  const { options, store, decode, clock, onEvent, onFailed, embedder, nearby, judges, learners, least, isClosed } = context
  const { nodes } = nearby
  const running = new Set<Promise<void>>()
  /** Keys of entries that could not be added. */
  const missed = new LRUCache<string, true>(atMost(MAX_MISSED))

  function inBackground(work: Promise<void>, where: 'index' | 'learn'): void {
    const guarded = work.catch((error: unknown) => onFailed(where, error))
    running.add(guarded)
    void guarded.finally(() => running.delete(guarded))
  }

  function stored(entry: Entry, lesson: Lesson | undefined, answer?: AnswerText): void {
    if (!lesson && nodes.get(entry.key)?.entryId === entry.id) return
    if (isClosed() || !entry.meta.prompt) return
    if (running.size < MAX_LEARNING) inBackground(lesson ? learn(entry, lesson, answer) : adopt(entry, entry.meta.prompt, answer), 'learn')
    else onFailed('learn', new LearningBusyError())
  }

  async function prolong({ key, staleAt }: Entry, node: Node): Promise<void> {
    const vector = await embedder.embed(node.text)
    if (!isClosed() && nodes.get(key) === node) await nearby.add(node, vector, staleAt)
  }

  /** An answer that came by without being looked for: refreshed, warmed, of another process, of before a restart. */
  async function adopt(entry: Entry, { owner, ...semantic }: EntryPrompt, answer: AnswerText | undefined): Promise<void> {
    const profile = profileOf(semantic.text)
    const group = await nearby.recordedGroup(entry.key, entry.id)
    // Another process has compared it already.
    if (group !== undefined)
      return place(entry, { ...semantic, ...(owner !== undefined && { owner }) }, profile, group, await embedder.embed(semantic.text))
    const query: SemanticQuery = {
      key: entry.key,
      semantic: { kind: 'prompt', ...semantic },
      owner,
      least: undefined,
      isFresh: ANY,
      mayAudit: false,
      mayVerify: false,
    }
    const vector = await embedder.embed(semantic.text)
    const neighbours = await nearby.search(semantic.namespace, vector, query)
    await learn(entry, { query, profile, vector, neighbours, candidate: undefined, decision: undefined }, answer)
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
    const turns = createTurns(clock)
    for (const entry of found) {
      const turn = turns()
      if (turn) await turn
      if (isClosed()) return
      await restoreOne(entry).catch((error: unknown) => onFailed('index', error))
    }
  }

  async function restoreOne(entry: Entry): Promise<void> {
    const { key, meta } = entry
    if (!meta.prompt || nodes.get(key)) return
    const profile = profileOf(meta.prompt.text)
    if (!isMatchable(profile)) return
    const group = (await nearby.recordedGroup(key, entry.id)) ?? entry.id
    await place(entry, meta.prompt, profile, group, await embedder.embed(meta.prompt.text))
  }

  /** Makes it one that can be found, unless it was removed or replaced meanwhile: then nothing leads to it any more. */
  async function place(
    entry: Entry,
    { text, namespace, owner }: Omit<EntryPrompt, 'domain'>,
    profile: TextProfile,
    group: string,
    vector: Float32Array,
  ): Promise<void> {
    const still = await nearby.look(entry.key, ANY)
    if (still.kind === 'failed') {
      missed.set(entry.key, true)
      throw new StoreUnansweredError(still.reason)
    }
    if (isClosed() || still.kind === 'absent' || still.entry.id !== entry.id) return
    // An answer that is fetched anew is no other prompt.
    if (!nodes.get(entry.key)) nearby.frequenciesOf(namespace).add(profile)
    await nearby.add({ key: entry.key, entryId: entry.id, namespace, text, group, owner }, vector, entry.staleAt, profile)
  }

  function isMatchable(profile: TextProfile): boolean {
    if (matchable(profile, options.minTokens)) return false
    try {
      return !options.router?.(profile)
    } catch {
      // The lookup has told of it.
      return false
    }
  }

  async function learn(
    entry: Entry,
    { query, profile, vector, neighbours, candidate, decision }: Lesson,
    read?: AnswerText,
  ): Promise<void> {
    const answer = read ?? (await answerOf(entry))
    if (!answer) return
    const { namespace, domain, text } = query.semantic
    let group: string | undefined
    const tried = new Set<string>()
    for (const neighbour of neighbours) {
      if (group !== undefined || tried.size > MERGES) break
      // It has hardly a word in common.
      if (neighbour.similarity < least) continue
      const node = nodes.get(neighbour.id)
      if (!node || tried.has(node.group)) continue
      tried.add(node.group)
      // Equal answers to prompts that ask for different things ('Yes.') are no group.
      if (compareTexts(profile, nodes.profileOf(node), nearby.frequenciesOf(namespace), options.guards).vetoes.length > 0) continue
      const found = await nearby.answer(node, { isFresh: ANY })
      const other = found.kind === 'found' && found.entry.id === node.entryId ? await answerOf(found.entry) : undefined
      if (!other) continue
      const opinion = await judges.ask({ prompts: [text, node.text], answers: [answer, other] })
      const isConsidered = neighbour === neighbours[0]
      if (isConsidered)
        onEvent({ type: 'semantic-judged', verdict: opinion?.verdict, judge: opinion?.judge, audited: decision?.action === 'audit' })
      if (opinion && isConsidered && candidate && decision)
        learners.learn(domain, { candidate, decision, same: opinion.verdict === 'same', caller: query.caller })
      if (opinion?.verdict === 'same') group = node.group
    }
    const own = group ?? entry.id
    nearby.recordGroup(entry, own)
    await place(entry, { text, namespace, ...(query.owner !== undefined && { owner: query.owner }) }, profile, own, vector)
  }

  async function answerOf(entry: Entry): Promise<AnswerText | undefined> {
    const body = entry.encoding ? await decode(entry) : entry.body
    return answerTextOf(headerValue(entry.headers, 'content-type') ?? '', body, entry.meta.provider)
  }

  return {
    stored,
    met(entry) {
      if (missed.delete(entry.key)) stored(entry, undefined)
    },
    prolonged(entry) {
      const node = nodes.get(entry.key)
      if (node?.entryId === entry.id && running.size < MAX_LEARNING && !isClosed()) inBackground(prolong(entry, node), 'index')
    },
    answerToFind(text, read) {
      const answer = isMatchable(profileOf(text)) ? read() : undefined
      return answer?.toolCalls ? undefined : answer
    },
    restore: () => inBackground(restoreAll(), 'index'),
  }
}

/** Without its body. */
function slim(entry: Entry): Entry {
  return { ...entry, body: NO_BODY }
}

/** Too much is being learnt from at once. */
class LearningBusyError extends Error {
  override readonly name: string = 'LearningBusyError'
}

/** The store did not say whether an entry is there. */
class StoreUnansweredError extends Error {
  override readonly name: string = 'StoreUnansweredError'
}

const NO_BODY = new Uint8Array(0)
/** Groups besides the nearest whose answers a new one is compared with. */
const MERGES = 3
const MAX_LEARNING = 1000
const MAX_MISSED = 1000
