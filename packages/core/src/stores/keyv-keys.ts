/**
 * Which keys of ours a Keyv holds. Its own iterator is not used: Keyv 5 tells namespaces apart by `key.includes(namespace)` and
 * cuts keys at their first colon. The adapter's is, and what it puts before our keys is learnt from a probe.
 */

import { randomId } from '#platform'
import type { KeyvLike } from '../ports.js'
import { namespaceOf } from './keyv-limits.js'
import { isOurs } from './keyv-value.js'

export interface KeyvLister {
  /** False where the backend turns out not to list what it holds, or takes no writes now. */
  works(): Promise<boolean>
  /**
   * Every key of ours that begins with `prefix`, each once, expired ones perhaps among them. Comes after `works`. Whoever deletes
   * while reading may miss some: @keyv/sqlite pages by offset.
   */
  list(prefix: string): AsyncGenerator<string, void>
}

/** Undefined where the adapter has no iterator. */
export function createKeyvLister(keyv: KeyvLike): KeyvLister | undefined {
  const iterate = iteratorOf(keyv)
  if (!iterate) return undefined
  /** What stands before our keys, under which namespace. */
  let learnt: { readonly namespace: string; readonly before: string } | undefined

  async function learn(probe: string): Promise<string | undefined> {
    await keyv.set(probe, PROBE_VALUE, PROBE_MS)
    try {
      for await (const [key] of iterate?.() ?? []) if (typeof key === 'string' && key.endsWith(probe)) return key.slice(0, -probe.length)
    } finally {
      await keyv.delete(probe)
    }
    return undefined
  }

  return {
    async works() {
      const namespace = namespaceOf(keyv)
      if (learnt?.namespace === namespace) return true
      const before = await learn(`lc0.probe.${randomId()}`)
      learnt = before === undefined ? undefined : { namespace, before }
      return learnt !== undefined
    },
    async *list(prefix) {
      const before = learnt?.before ?? ''
      const given = new Set<string>()
      for await (const [key, raw] of iterate()) {
        if (typeof key !== 'string' || !key.startsWith(before + prefix)) continue
        const ours = key.slice(before.length)
        // Other namespaces that begin as ours does leave their separator in what remains.
        if (given.has(ours) || !KEY.test(ours) || !isOurs(await unwrap(keyv, raw))) continue
        given.add(ours)
        yield ours
      }
    },
  }
}

type Pairs = AsyncIterable<readonly [unknown, unknown]> | Iterable<readonly [unknown, unknown]>

function iteratorOf(keyv: KeyvLike): (() => Pairs) | undefined {
  if (keyv instanceof Map) return () => [...(keyv as Map<unknown, unknown>)]
  const { store } = keyv as { store?: unknown }
  // Keyv 5 on a Map.
  if (store instanceof Map) return () => [...store]
  const adapter = (isObject(store) ? store : keyv) as Listable
  const innermost = isObject(adapter.store) ? (adapter.store as Listable) : adapter
  // Keyv 6 puts an adapter of its own between, which has an iterator even where there is nothing to iterate.
  if (typeof innermost.iterator !== 'function' && typeof innermost[Symbol.iterator] !== 'function') return undefined
  if (typeof adapter.iterator !== 'function') return undefined
  return () => (adapter.iterator as (namespace: unknown) => Pairs)(adapter.namespace)
}

interface Listable {
  readonly iterator?: unknown
  readonly [Symbol.iterator]?: unknown
  readonly namespace?: unknown
  readonly store?: unknown
}

/** The value in what an adapter holds: the value itself, or Keyv's envelope round it. */
async function unwrap(keyv: KeyvLike, raw: unknown): Promise<unknown> {
  if (isOurs(raw)) return raw
  if (isObject(raw)) return raw.value
  if (typeof raw !== 'string') return undefined
  try {
    const envelope = await open(keyv as Envelopes, raw)
    return isObject(envelope) ? envelope.value : undefined
  } catch {
    return undefined
  }
}

/** What versions 5 and 6 have for it. */
interface Envelopes {
  readonly compression?: unknown
  readonly encryption?: unknown
  decode?(raw: string): unknown
  deserializeData?(raw: string): unknown
  readonly serialization?: { parse(text: string): unknown }
  deserialize?(text: string): unknown
}

function open(keyv: Envelopes, raw: string): unknown {
  if (keyv.compression ?? keyv.encryption) return keyv.decode ? keyv.decode(raw) : keyv.deserializeData?.(raw)
  // Not `decode`: it reports a value that is damaged as an error of the store.
  if (keyv.serialization) return keyv.serialization.parse(raw)
  return keyv.deserialize ? keyv.deserialize(raw) : JSON.parse(raw)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

const KEY = /^[A-Za-z0-9._-]{1,200}$/
const PROBE_VALUE = '"llm-cache-probe"'
const PROBE_MS = 60_000
