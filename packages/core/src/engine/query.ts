/** A request that may be looked up: everything that the later steps need. */

import type { CacheRequest } from '../exchange.js'
import type { RequestShape } from '../fingerprint/fingerprint.js'
import type { SemanticKey } from '../fingerprint/namespace.js'
import type { RequestControls } from '../policy/controls.js'
import type { Lookup } from '../stores/tiers.js'
import type { DetachedTicket } from './detached.js'
import type { Rule } from './resolve.js'

export interface Query {
  readonly request: CacheRequest
  readonly rule: Rule
  readonly controls: RequestControls
  readonly key: string
  readonly shape: RequestShape
  /** Not marked by the app, and only its answer can show that a model is behind it. */
  readonly needsModelCall: boolean
  /** Its prompt and everything else as one name; undefined where the route wants equal requests' answers alone. */
  readonly semanticKey: (() => SemanticKey) | undefined
  /** Digest of who asks; undefined where that cannot be told. */
  readonly caller: () => string | undefined
  /** As `caller`, where partitions are shared and the semantic layer wants to know; else undefined. */
  readonly owner: () => string | undefined
  /** This cache sent it itself. */
  readonly ticket: DetachedTicket | undefined
}

/** What a lookup found. */
export type Found = Extract<Lookup, { kind: 'found' }>
