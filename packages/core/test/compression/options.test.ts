import { describe, expect, it } from 'vitest'
import { createCompression } from '../../src/compression/compression.js'
import { PeerMissingError } from '../../src/errors.js'
import { systemClock } from '../../src/lib/clock.js'
import { openBodyCodec } from '../../src/platform/node.js'

const settings = { maxDecodedBytes: 1e6, clock: systemClock() }

describe('the option compression', () => {
  it.each<[unknown, string, string]>([
    [true, 'compression', 'is true; it must be one of'],
    [null, 'compression', 'is null'],
    [[], 'compression', 'is an array'],
    ['gzp', 'compression', 'did you mean "gzip"'],
    ['br', 'compression', 'did you mean "brotli"'],
    ['none', 'compression', 'or false'],
    [{}, 'compression.algorithm', 'is undefined'],
    [{ algorithm: false }, 'compression.algorithm', 'is false'],
    [{ algorithm: 'gzip', treshold: 1 }, 'compression.treshold', 'did you mean "threshold"'],
    [{ algorithm: 'gzip', threshold: -1 }, 'compression.threshold', 'whole number of bytes'],
    [{ algorithm: 'gzip', threshold: '1k' }, 'compression.threshold', 'whole number of bytes'],
    [{ algorithm: 'gzip', threshold: 1.5 }, 'compression.threshold', 'whole number of bytes'],
    [{ algorithm: 'gzip', level: 10 }, 'compression.level', 'from 1 to 9'],
    [{ algorithm: 'gzip', level: 0 }, 'compression.level', 'from 1 to 9'],
    [{ algorithm: 'brotli', level: 12 }, 'compression.level', 'from 0 to 11'],
    [{ algorithm: 'zstd', level: 20 }, 'compression.level', 'from 1 to 19'],
    [{ algorithm: 'zstd', level: 2.5 }, 'compression.level', 'from 1 to 19'],
    [{ algorithm: 'lz4', level: 1 }, 'compression.level', 'does not exist'],
    [{ algorithm: 'auto', level: 1 }, 'compression.level', 'does not exist'],
  ])('refuses %j', (option, name, words) => {
    expect(() => createCompression(option as 'gzip', settings)).toThrow(
      expect.objectContaining({ name: 'OptionError', option: name, message: expect.stringContaining(words) }),
    )
  })

  it('takes undefined fields as absent', () => {
    expect(() => createCompression({ algorithm: 'lz4', level: undefined, threshold: undefined }, settings)).not.toThrow()
  })

  it('names the package that is missing, at construction', () => {
    const without = (peer: string, needs: string) => (): { kind: 'peer-missing'; peer: string; needs: string } => ({
      kind: 'peer-missing',
      peer,
      needs,
    })
    const create = (): unknown => createCompression('lz4', { ...settings, open: without('lz4-napi', 'the package lz4-napi') })
    expect(create).toThrow(PeerMissingError)
    expect(create).toThrow("compression 'lz4' needs the package lz4-napi: npm install lz4-napi")
    expect(() => createCompression('auto', { ...settings, open: without('lz4-napi', '') })).not.toThrow()
  })

  it('finds all codings here', () => {
    for (const coding of ['gzip', 'br', 'zstd', 'lz4'] as const) expect(openBodyCodec(coding, undefined).kind).toBe('ready')
  })
})
