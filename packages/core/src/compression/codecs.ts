/** The codings of this runtime, each opened once, on first use. */

import { type BodyCodec, type CodecSupport, type OpenBodyCodec, openBodyCodec } from '#platform'
import type { BodyCoding } from '../entry/entry.js'
import { OptionError, PeerMissingError } from '../errors.js'
import { CODING_OF, type CompressionAlgorithm } from './algorithms.js'

export interface Codecs {
  support(algorithm: CompressionAlgorithm): CodecSupport
  /** Undefined where it does not work here. */
  get(coding: BodyCoding): BodyCodec | undefined
}

/** @param open for tests */
export function createCodecs(
  chosen: CompressionAlgorithm | undefined,
  level: number | undefined,
  open: OpenBodyCodec = openBodyCodec,
): Codecs {
  const opened = new Map<BodyCoding, CodecSupport>()

  function of(coding: BodyCoding): CodecSupport {
    const known = opened.get(coding)
    if (known) return known
    const support = open(coding, chosen !== undefined && CODING_OF[chosen] === coding ? level : undefined)
    opened.set(coding, support)
    return support
  }

  return {
    support: (algorithm) => of(CODING_OF[algorithm]),
    get(coding) {
      const support = of(coding)
      return support.kind === 'ready' ? support.codec : undefined
    },
  }
}

/** @throws PeerMissingError when a package is missing, OptionError when this runtime has no such coding */
export function requireAlgorithm(codecs: Codecs, algorithm: CompressionAlgorithm): void {
  const support = codecs.support(algorithm)
  if (support.kind === 'ready') return
  if (support.kind === 'peer-missing')
    throw new PeerMissingError(support.peer, `compression '${algorithm}' needs ${support.needs}: npm install ${support.peer}`)
  throw new OptionError('ERR_OPTION_INVALID', 'compression', `compression '${algorithm}' needs ${support.needs}`)
}
