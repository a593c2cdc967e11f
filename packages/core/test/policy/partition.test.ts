import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.js'
import type { CacheRequest } from '../../src/exchange.js'
import { type CredentialsOptions, createPartitioner, type PartitionOption, type PartitionResult } from '../../src/policy/partition.js'

const IDENTITY_FIELDS = (
  'authorization proxy-authorization x-api-key api-key x-goog-api-key x-auth-token x-access-token x-session-id x-session-token x-user-id ' +
  'x-tenant-id x-org-id x-organization-id x-account-id x-forwarded-user x-forwarded-email x-amzn-oidc-identity x-ms-client-principal-id ' +
  'cf-access-jwt-assertion x-goog-iap-jwt-assertion remote-user token x-token x-user x-tenant x-forwarded-access-token tailscale-user-login ' +
  'x-ms-client-principal x-amzn-oidc-data dpop signature x-authorization session-id x-forwarded-host x-forwarded-client-cert x-customer-id ' +
  'x-api-token x-apikey ocp-apim-subscription-key x-amz-security-token x-goog-authenticated-user-id x-auth-request-email x-signature'
).split(' ')

const OTHER_FIELDS = (
  'user-agent host accept accept-encoding accept-language content-type content-length connection origin referer cache-control pragma ' +
  'sec-fetch-user sec-ch-ua sec-websocket-key x-request-id x-forwarded-for x-forwarded-proto traceparent x-csrf-token x-xsrf-token ' +
  'x-stainless-lang x-stainless-retry-count idempotency-key x-client-request-id x-ms-client-request-id true-client-ip x-client-version if-none-match x-llm-cache-control monkey author-note'
).split(' ')

type Fields = Readonly<Record<string, string>>

function request(fields: Fields = {}): CacheRequest {
  return {
    method: 'POST',
    url: '/chat',
    host: 'localhost',
    explicit: true,
    header: (name) => (Object.hasOwn(fields, name) ? fields[name] : undefined),
    headerNames: () => Object.keys(fields),
    body: () => ({ kind: 'none' }),
  }
}

async function digestOf(fields: Fields, option?: PartitionOption, credentials?: CredentialsOptions): Promise<string> {
  const result = await createPartitioner(option, credentials)(request(fields))
  if (result.kind !== 'ok') throw new Error(result.reason)
  return result.digest
}

const NO_PARTITION: PartitionResult = { kind: 'bypass', reason: 'no-partition' }
const PARTITION_FAILED: PartitionResult = { kind: 'bypass', reason: 'partition-failed' }

describe('private', () => {
  it('is the default, answers at once, with 22 characters of base64url', () => {
    const result = createPartitioner()(request({ authorization: 'Bearer a' }))
    expect(result).toEqual({ kind: 'ok', digest: expect.stringMatching(/^[\w-]{22}$/) })
    expect(createPartitioner('private')(request({ authorization: 'Bearer a' }))).toEqual(result)
  })

  it('digests stay the same, across processes and versions', async () => {
    expect(await digestOf({})).toBe('_Z85tNa4L47HuuGOp3utRc')
    expect(await digestOf({ authorization: 'Bearer a', cookie: 'sid=1' })).toBe('06lmSh4r6L3uVS34BYKp2t')
    expect(await digestOf({ authorization: 'Bearer a' }, 'private', { secret: 's3cret' })).toBe('tUHN0h0uK_35BmoFdjVWtT')
    expect(await digestOf({}, 'shared')).toBe('MCzuI6E5SZ1PPQp6shLjut')
    expect(await digestOf({}, () => 'tenant-1')).toBe('JOoI-d11C3XOttFw0LuzkT')
  })

  it('is one anonymous partition without credentials', async () => {
    expect(await digestOf({})).toBe(await digestOf({ 'content-type': 'application/json', 'user-agent': 'x', cookie: '' }))
  })

  it.each([...IDENTITY_FIELDS, 'cookie'])('%s tells callers apart', async (name) => {
    expect(await digestOf({ [name]: 'a=1' })).not.toBe(await digestOf({ [name]: 'a=2' }))
    expect(await digestOf({ [name]: 'a=1' })).not.toBe(await digestOf({}))
    expect(await digestOf({ [name]: 'a=1' })).toBe(await digestOf({ [name]: 'a=1' }))
  })

  it.each(OTHER_FIELDS)('%s tells nobody apart', async (name) => {
    expect(await digestOf({ [name]: '1' })).toBe(await digestOf({}))
  })

  it('the order of fields makes no difference', async () => {
    expect(await digestOf({ authorization: 'a', 'x-user-id': 'b' })).toBe(await digestOf({ 'x-user-id': 'b', authorization: 'a' }))
  })

  it("a client's certificate tells callers apart", async () => {
    const digest = async (identity?: string): Promise<unknown> => createPartitioner()({ ...request(), identity })
    expect(await digest('AA:BB')).not.toEqual(await digest('CC:DD'))
    expect(await digest('AA:BB')).not.toEqual(await digest())
  })

  it('the same value in another field is another caller', async () => {
    const digests = new Set<string>()
    for (const name of [...IDENTITY_FIELDS, 'cookie']) digests.add(await digestOf({ [name]: 'same' }))
    expect(digests.size).toBe(IDENTITY_FIELDS.length + 1)
  })

  it('further fields are added, whatever their order and case; the others still count', async () => {
    const credentials = { headers: ['X-Shard', 'x-realm', 'x-shard'] }
    const base = await digestOf({ 'x-shard': '1' }, 'private', credentials)
    expect(await digestOf({ 'x-shard': '1' }, 'private', { headers: ['x-realm', 'x-shard'] })).toBe(base)
    expect(await digestOf({ 'x-shard': '2' }, 'private', credentials)).not.toBe(base)
    expect(await digestOf({ 'x-shard': '1', authorization: 'b' }, 'private', credentials)).not.toBe(base)
    expect(await digestOf({ 'x-shard': '1', cookie: 'a=1' }, 'private', credentials)).not.toBe(base)
  })

  it('ignored fields do not count, others do', async () => {
    const credentials = { ignore: ['X-Signature'] }
    const base = await digestOf({ authorization: 'a' }, 'private', credentials)
    expect(await digestOf({ authorization: 'a', 'x-signature': '1' }, 'private', credentials)).toBe(base)
    expect(await digestOf({ authorization: 'b', 'x-signature': '1' }, 'private', credentials)).not.toBe(base)
  })

  it('remembers names only up to a bound, and judges the rest all the same', async () => {
    const partition = createPartitioner()
    for (let count = 0; count < 600; count++) await partition(request({ [`x-field-${count}`]: 'a' }))
    expect(await partition(request({ 'x-late-token': 'a' }))).not.toEqual(await partition(request({ 'x-late-token': 'b' })))
  })

  it('named cookies count alone', async () => {
    const digest = (cookie: string): Promise<string> => digestOf({ cookie }, 'private', { cookies: ['sid', 'auth'] })
    const base = await digest('sid=1; _ga=5')
    expect(await digest('_ga=6; sid=1; csrf=x')).toBe(base)
    expect(await digest('sid=2; _ga=5')).not.toBe(base)
    expect(await digest('sid=1; auth=1')).not.toBe(base)
    expect(await digest('auth=1')).not.toBe(base)
    expect(await digest('_ga=5')).toBe(await digestOf({}))
  })

  it('no cookie syntax leads into the partition of another', async () => {
    const digest = (cookie: string): Promise<string> => digestOf({ cookie }, 'private', { cookies: ['sid'] })
    const victim = await digest('sid=victim')
    for (const hostile of [
      'sid=victim; sid=attacker',
      'sid=attacker; sid=victim',
      'x="; sid=victim; y="; sid=attacker',
      'x="; sid=attacker; "; sid=victim',
      'sid="victim"',
      'x=sid=victim',
      'sid=victim, sid=attacker',
      'sid=vic\ttim',
      'sid%3Dvictim',
      'SID=victim',
      'sid=victim; sid=',
    ]) {
      expect(await digest(hostile)).not.toBe(victim)
    }
  })

  it('cookies can be left out', async () => {
    expect(await digestOf({ cookie: 'sid=1' }, 'private', { cookies: 'none' })).toBe(await digestOf({}))
    expect(await digestOf({ cookie: 'sid=1' })).not.toBe(await digestOf({}))
  })

  it('the secret changes every digest and is needed to make it', async () => {
    const options: [Fields, PartitionOption][] = [
      [{}, 'private'],
      [{ authorization: 'a' }, 'private'],
      [{}, 'shared'],
      [{}, () => 'a'],
    ]
    for (const [fields, option] of options) {
      const digests = new Set([
        await digestOf(fields, option),
        await digestOf(fields, option, { secret: 'one' }),
        await digestOf(fields, option, { secret: 'two' }),
      ])
      expect(digests.size).toBe(3)
    }
  })

  it('a request that cannot be read is bypassed', () => {
    const broken: CacheRequest = {
      ...request(),
      header: () => {
        throw new Error('gone')
      },
    }
    expect(createPartitioner()(broken)).toEqual(PARTITION_FAILED)
  })
})

describe('shared', () => {
  it('is one partition for everybody, and no other kind', async () => {
    const shared = await digestOf({}, 'shared')
    expect(await digestOf({ authorization: 'Bearer a', cookie: 'sid=1' }, 'shared')).toBe(shared)
    const others = [
      await digestOf({}),
      await digestOf({ authorization: '' }),
      await digestOf({}, () => 'shared'),
      await digestOf({}, () => 'anonymous'),
    ]
    expect(others).not.toContain(shared)
    expect(new Set(others).size).toBe(4)
  })
})

describe('a function', () => {
  it('decides alone, now or later', async () => {
    const now = createPartitioner((asked) => asked.header('x-tenant'))(request({ 'x-tenant': 'a', authorization: 'x' }))
    const later = createPartitioner(async (asked) => asked.header('x-tenant'))(request({ 'x-tenant': 'a', authorization: 'y' }))
    expect(now).toMatchObject({ kind: 'ok' })
    expect(later).toBeInstanceOf(Promise)
    expect(await later).toEqual(now)
  })

  const fail = (): never => {
    throw new Error('no session')
  }

  it.each<[string, unknown, PartitionResult]>([
    ['undefined', () => undefined, NO_PARTITION],
    ['null', () => null, NO_PARTITION],
    ["''", () => '', NO_PARTITION],
    ['a promise of undefined', async () => undefined, NO_PARTITION],
    ["a promise of ''", async () => '', NO_PARTITION],
    ['a number', () => 42, PARTITION_FAILED],
    ['an object', () => ({ id: 1 }), PARTITION_FAILED],
    ['true', () => true, PARTITION_FAILED],
    ['a promise of a number', async () => 42, PARTITION_FAILED],
    ['a throw', fail, PARTITION_FAILED],
    ['a rejection', async () => fail(), PARTITION_FAILED],
    // biome-ignore lint/suspicious/noThenProperty: hostile on purpose
    ['a thenable that throws', () => ({ then: fail }), PARTITION_FAILED],
    ['a thenable whose then cannot be read', () => Object.defineProperty({}, 'then', { get: fail }), PARTITION_FAILED],
  ])('that gives %s means bypass', async (_name, option, expected) => {
    expect(await createPartitioner(option as PartitionOption)(request())).toEqual(expected)
  })
})

describe('injectivity', () => {
  const text = fc.string({ unit: fc.constantFrom('1', ':', 'j', '"', '\\', 'a', ',', '\ud800', '\udc00', '\ufffd', 'é') })

  it('different function results, different partitions', async () => {
    await fc.assert(
      fc.asyncProperty(text, text, async (a, b) => {
        fc.pre(a !== '' && b !== '')
        expect((await digestOf({}, () => a)) === (await digestOf({}, () => b))).toBe(a === b)
      }),
      { numRuns: 1000 },
    )
  })

  it('lone surrogates differ, though UTF-8 cannot tell them apart', async () => {
    const digests = [
      await digestOf({}, () => '\ud800'),
      await digestOf({}, () => '\ud801'),
      await digestOf({}, () => '\ufffd'),
      await digestOf({}, () => '"\\ud800"'),
    ]
    expect(new Set(digests).size).toBe(4)
  })

  it('different sets of credentials, different partitions', async () => {
    const fields = fc.dictionary(
      fc.constantFrom('authorization', 'x-api-key', 'api-key', 'cookie'),
      text.filter((value) => value !== ''),
      { noNullPrototype: true },
    )
    const canonical = (of: Fields): string => JSON.stringify(Object.entries(of).sort())
    await fc.assert(
      fc.asyncProperty(fields, fields, async (a, b) => {
        expect((await digestOf(a)) === (await digestOf(b))).toBe(canonical(a) === canonical(b))
      }),
      { numRuns: 1000 },
    )
  })

  it('parts cannot be moved from one field to another', async () => {
    const base = await digestOf({ 'api-key': 'a', 'x-api-key': 'b' })
    expect(await digestOf({ 'api-key': 'b', 'x-api-key': 'a' })).not.toBe(base)
    expect(await digestOf({ 'api-key': 'a9:x-api-key1:b' })).not.toBe(base)
    expect(await digestOf({ 'api-key': 'ax-api-keyb' })).not.toBe(base)
  })
})

describe('options', () => {
  it.each<[unknown, unknown, OptionError['code'], string, string[]]>([
    ['privat', undefined, 'ERR_OPTION_INVALID', 'partition', ['"privat"', 'did you mean "private"']],
    [null, undefined, 'ERR_OPTION_INVALID', 'partition', ['null']],
    [true, undefined, 'ERR_OPTION_INVALID', 'partition', ['true']],
    ['__proto__', undefined, 'ERR_OPTION_INVALID', 'partition', ['"private", "shared"']],
    ['private', null, 'ERR_OPTION_INVALID', 'credentials', ['null']],
    ['private', [], 'ERR_OPTION_INVALID', 'credentials', ['an array']],
    ['private', { header: [] }, 'ERR_OPTION_UNKNOWN', 'credentials.header', ['did you mean "headers"']],
    ['private', { headers: 'x-user' }, 'ERR_OPTION_INVALID', 'credentials.headers', ['"x-user"']],
    ['private', { headers: ['x user'] }, 'ERR_OPTION_INVALID', 'credentials.headers[0]', ['"x user"']],
    ['private', { headers: ['ok', ''] }, 'ERR_OPTION_INVALID', 'credentials.headers[1]', []],
    ['private', { headers: ['Cookie'] }, 'ERR_OPTION_INVALID', 'credentials.headers', ['credentials.cookies']],
    ['private', { headers: ['x-a'], ignore: ['X-A'] }, 'ERR_OPTION_INVALID', 'credentials.ignore', ['x-a']],
    ['private', { ignore: 'x-a' }, 'ERR_OPTION_INVALID', 'credentials.ignore', ['"x-a"']],
    ['private', { cookies: 'any' }, 'ERR_OPTION_INVALID', 'credentials.cookies', ['"any"']],
    ['private', { cookies: true }, 'ERR_OPTION_INVALID', 'credentials.cookies', ['true']],
    ['private', { cookies: [] }, 'ERR_OPTION_INVALID', 'credentials.cookies', ["'none'"]],
    ['private', { cookies: ['a=b'] }, 'ERR_OPTION_INVALID', 'credentials.cookies[0]', ['"a=b"']],
    ['private', { secret: '' }, 'ERR_OPTION_INVALID', 'credentials.secret', []],
    ['shared', { secret: 12345 }, 'ERR_OPTION_INVALID', 'credentials.secret', []],
  ])('%o %o', (option, credentials, code, path, words) => {
    let error: unknown
    try {
      createPartitioner(option as PartitionOption, credentials as CredentialsOptions)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(OptionError)
    expect(error).toMatchObject({ code, option: path })
    for (const word of [path, ...words]) expect((error as OptionError).message).toContain(word)
    expect((error as OptionError).message).not.toContain('12345')
  })

  it('undefined is absent, and the given object stays as it is', async () => {
    const credentials = Object.freeze({ headers: undefined, cookies: undefined, secret: undefined })
    expect(await digestOf({ authorization: 'a' }, undefined, credentials)).toBe(await digestOf({ authorization: 'a' }))
    const headers = Object.freeze(['x-b', 'X-A'])
    expect(await digestOf({}, 'private', { headers })).toBe(await digestOf({}))
  })
})
