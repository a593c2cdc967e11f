/** What is known of each entry that has a vector: its prompt, the group of equal answers that it belongs to, and who asked. */

import { LRUCache } from 'lru-cache'
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
  /** As `profileOf`, but kept for all nodes. */
  wordsOf(node: Node): Words
  groupSize(group: string): number
  /** Prompts of two users at least were found to belong to it, or one that the app itself answered. */
  isShared(group: string): boolean
  inGroup(group: string): readonly Node[]
  add(node: Node): void
  /** The node that was there. */
  remove(key: string): Node | undefined
  /** The nodes that were under keys which begin with `prefix`. */
  clear(prefix: string): readonly Node[]
  /** Namespaces whose names begin with `prefix`. */
  namespaces(prefix: string): ReadonlySet<string>
  readonly size: number
}

interface Group {
  size: number
  readonly owners: Set<string | undefined>
}

export function createNodeTable(maxNodes: number, onEvicted: (node: Node) => void): NodeTable {
  const groups = new Map<string, Group>()
  const profiles = new LRUCache<string, TextProfile>({ max: MAX_PROFILES })
  const words = new Map<string, Words>()
  const nodes = new LRUCache<string, Node>({
    max: maxNodes,
    dispose(node, key, reason) {
      profiles.delete(key)
      words.delete(key)
      leave(node.group)
      if (reason === 'evict') onEvicted(node)
    },
  })

  function join({ group, owner }: Node): void {
    const known = groups.get(group) ?? { size: 0, owners: new Set() }
    known.size++
    if (known.owners.size < OWNERS_NEEDED) known.owners.add(owner)
    groups.set(group, known)
  }

  function leave(group: string): void {
    const known = groups.get(group)
    if (!known) return
    known.size--
    if (known.size <= 0) groups.delete(group)
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
      const { stems, content } = profiles.get(node.key) ?? profileOf(node.text)
      const made = { stems, content }
      // It may be gone already.
      if (nodes.peek(node.key) === node) words.set(node.key, made)
      return made
    },
    groupSize: (group) => groups.get(group)?.size ?? 0,
    isShared(group) {
      const owners = groups.get(group)?.owners
      return owners !== undefined && (owners.size >= OWNERS_NEEDED || owners.has(CURATED))
    },
    inGroup: (group) => [...nodes.values()].filter((node) => node.group === group),
    add(node) {
      nodes.delete(node.key)
      join(node)
      nodes.set(node.key, node)
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
const OWNERS_NEEDED = 2
const MAX_PROFILES = 2000
