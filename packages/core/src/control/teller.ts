/** Criteria between processes: sealed as entries are, since a glob may hold what tags hold. */

import { chain } from '../lib/deadline.js'
import type { Awaitable, EntryCodec } from '../ports.js'
import type { Meant } from '../stores/hearing.js'
import { type Criterion, checkPattern, matcherOf } from './matching.js'
import { createSealedTexts } from './sealed.js'

export interface Teller {
  tell(criterion: Criterion): Promise<string>
  /** What another process told; undefined where it cannot be read. Never throws or rejects. */
  meantBy(selector: string): Awaitable<Meant | undefined>
}

export function createTeller(codec: EntryCodec): Teller {
  const texts = createSealedTexts(codec)
  return {
    tell: (criterion) => texts.seal(KEY, JSON.stringify(criterion)),
    meantBy: (selector) => chain(texts.open(KEY, selector), (text) => (text === undefined ? undefined : parseMeant(text))),
  }
}

function parseMeant(text: string): Meant | undefined {
  try {
    const { kind, pattern, before } = JSON.parse(text) as Readonly<Record<string, unknown>>
    if (kind === 'before' && typeof before === 'number') return { matches: matcherOf({ kind, before }), before }
    return kind === 'pattern' ? { matches: matcherOf(checkPattern(pattern)) } : undefined
  } catch {
    return undefined
  }
}

const KEY = 'lc0.selector.told'
