/** Requests of the cache's own, sent to the app that it is part of. docs/decisions/0014-detached-requests.md. */

import { inMemory } from '#platform'
import { OptionError } from '../errors.js'
import type { Dispatch } from '../exchange.js'
import { systemClock } from '../lib/clock.js'
import { type Duration, parseDuration } from '../lib/duration.js'
import { describeValue, didYouMean } from '../lib/nearest.js'
import type { Peer } from '../platform/app-port.js'
import type { Clock } from '../ports.js'
import { DEFAULT_TIMEOUT_MS, deliver } from './deliver.js'
import { type AppTarget, resolveTarget, type Target } from './target.js'

export interface CreateDispatchOptions {
  /**
   * Where requests that repeat no other seem to come from: the client's address, as apps on Node see it. By default one that nobody
   * has, so that no app takes them for its own machine's. Name `'127.0.0.1'` only if what trusts it may be reached by every request
   * that is sent; apps with a `fetch` see no address.
   * @default '0.0.0.0'
   */
  readonly remoteAddress?: string | undefined
  /** Silence after which a request is given up. @default '5m' */
  readonly timeout?: Duration | undefined
  readonly clock?: Clock | undefined
}

const OPTIONS: readonly (keyof CreateDispatchOptions)[] = ['remoteAddress', 'timeout', 'clock']

/**
 * Sends requests to `app`, through all of its middleware, without a network.
 * @throws OptionError for what is no app, and for an unknown or wrong option
 * @example
 * const status = await createDispatch(app)({ method: 'POST', url: '/chat', headers, body }, { mark })
 */
export function createDispatch(app: AppTarget, options: CreateDispatchOptions = {}): Dispatch {
  const target = resolveTarget(app)
  for (const name of Object.keys(options)) {
    if (!(OPTIONS as readonly string[]).includes(name))
      throw new OptionError('ERR_OPTION_UNKNOWN', name, `unknown option ${name}${didYouMean(name, OPTIONS)}`)
  }
  const { remoteAddress = '0.0.0.0', timeout = DEFAULT_TIMEOUT_MS, clock = systemClock() } = options
  if (!isAddress(remoteAddress))
    throw new OptionError(
      'ERR_OPTION_INVALID',
      'remoteAddress',
      `remoteAddress is ${describeValue(remoteAddress)}; it must be an IP address`,
    )
  const timeoutMs = parseDuration(timeout)
  if (!timeoutMs)
    throw new OptionError('ERR_OPTION_INVALID', 'timeout', `timeout is ${describeValue(timeout)}; it must be a duration such as '5m'`)

  return (request, { mark, signal, repeats } = {}) => {
    const peer = target.kind === 'server' ? peerFor(target, repeats, remoteAddress) : undefined
    const delivery = { mark, signal, peer, like: repeats, clock, timeoutMs }
    return deliver(target, request, delivery) ?? Promise.resolve(undefined)
  }
}

export interface LazyOptions {
  readonly clock: Clock
  readonly isClosed: () => boolean
  /** Gets what `app` threw, or what it returned was no app. */
  readonly onError: (error: unknown) => void
}

/** The dispatch to what `app` returns, made when it is first needed; undefined where that is no app (yet), and once closed. Never throws. */
export function lazyDispatch(app: () => AppTarget, { clock, isClosed, onError }: LazyOptions): () => Dispatch | undefined {
  let dispatch: Dispatch | undefined
  return () => {
    if (isClosed()) return undefined
    try {
      dispatch ??= createDispatch(app(), { clock })
    } catch (error) {
      onError(error)
    }
    return dispatch
  }
}

/** Undefined where the client that is repeated cannot be told any more: then nothing is sent, least of all as somebody else. */
function peerFor({ server }: Extract<Target, { kind: 'server' }>, repeats: object | undefined, address: string): Peer | undefined {
  return repeats && 'socket' in repeats ? inMemory.peerOf(repeats) : inMemory.stranger(address, server)
}

function isAddress(value: unknown): boolean {
  return typeof value === 'string' && (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(value) || /^[\da-f:.]*:[\da-f:.]*$/i.test(value))
}
