/** What is known of each entry that has a vector: its prompt, the group of equal answers that it belongs to, and who asked. */

import { LRUCache } from 'lru-cache'
import { atMost } from '../lib/at-most.js'
import type { Words } from './text/evidence.js'
import { profileOf, type TextProfile } from './text/profile.js'

export interface Node {
  /** The cache key of its entry. */
  readonly key: string
  readonly entryId: string
  readonly namespace: string
  /** Private. */
  readonly text: string
  /** Entries that were judged to answer the same share it. */
  readonly group: string
  /** Digest of who asked, or CURATED; undefined where the partition is that user's own. */
  readonly owner: string | undefined
}

export interface NodeTable {
  get(key: string): Node | undefined
  profileOf(node: Node): TextProfile
  /** As `profileOf`, but kept for more nodes. */
  wordsOf(node: Node): Words
  groupSize(group: string): number
  inGroup(group: string): readonly Node[]
  /** @param words its words, where they are at hand */
  add(node: Node, words?: Words): void
  /** The node that was there. */
  remove(key: string): Node | undefined
  /** The nodes that were under keys which begin with `prefix`. */
  clear(prefix: string): readonly Node[]
  /** Namespaces whose names begin with `prefix`. */
  namespaces(prefix: string): ReadonlySet<string>
  readonly size: number
}

export function createNodeTable(maxNodes: number, onEvicted: (node: Node) => void): NodeTable {
  /** Keys of each group's nodes. */
  const groups = new Map<string, Set<string>>()
  const profiles = new LRUCache<string, TextProfile>(atMost(MAX_PROFILES))
  const words = new LRUCache<string, Words>({
    maxSize: MAX_STEMS,
    sizeCalculation: ({ stems, content }) => stems.length + content.length + 1,
  })
  const nodes = new LRUCache<string, Node>({
    ...atMost(maxNodes),
    dispose(node, key, reason) {
      profiles.delete(key)
      words.delete(key)
      leave(node)
      if (reason === 'evict') onEvicted(node)
    },
  })

  function join({ key, group }: Node): void {
    const keys = groups.get(group) ?? new Set()
    groups.set(group, keys.add(key))
  }

  function leave({ key, group }: Node): void {
    const keys = groups.get(group)
    keys?.delete(key)
    if (keys?.size === 0) groups.delete(group)
  }

  function keepWords({ key }: Node, { stems, content }: Words): Words {
    const kept = { stems, content }
    words.set(key, kept)
    return kept
  }

  return {
    get: (key) => nodes.get(key),
    profileOf(node) {
      const known = profiles.get(node.key)
      if (known) return known
      const profile = profileOf(node.text)
      profiles.set(node.key, profile)
      return profile
    },
    wordsOf(node) {
      const known = words.get(node.key)
      if (known) return known
      const found = profiles.get(node.key) ?? profileOf(node.text)
      // It may be gone already.
      return nodes.peek(node.key) === node ? keepWords(node, found) : found
    },
    groupSize: (group) => groups.get(group)?.size ?? 0,
    inGroup: (group) => [...(groups.get(group) ?? [])].flatMap((key) => nodes.peek(key) ?? []),
    add(node, given) {
      nodes.delete(node.key)
      join(node)
      nodes.set(node.key, node)
      if (given) keepWords(node, given)
    },
    remove(key) {
      const node = nodes.peek(key)
      nodes.delete(key)
      return node
    },
    clear(prefix) {
      const found = [...nodes.values()].filter(({ key }) => key.startsWith(prefix))
      for (const { key } of found) nodes.delete(key)
      return found
    },
    namespaces(prefix) {
      const found = new Set<string>()
      for (const { namespace } of nodes.values()) if (namespace.startsWith(prefix)) found.add(namespace)
      return found
    },
    get size() {
      return nodes.size
    },
  }
}

/** The owner of what the app itself answered, whom everybody believes. No digest is so short. */
export const CURATED = 'curated'
/** Entries that are found by meaning, most. */
export const MAX_NODES = 20_000
/** Of all words that are kept: some 25 a node. */
const MAX_STEMS = 500_000
const MAX_PROFILES = 2000
