/** The lead of a flight, kept alive in the background. */

import type { FlightLease } from '@llm-cache/core'
import { within } from '../deadline.js'
import { RELEASE, RENEW } from '../scripts.js'
import type { FlightContext } from './context.js'
import { createPublisher } from './publisher.js'
import type { PublishedStep } from './records.js'
import { FENCE_MS, FORGOTTEN_MS } from './timing.js'

export interface Acquired {
  readonly key: string
  readonly flightId: string
  readonly token: number
  /** Monotonic time at which the lead was asked for: Redis counts from later on. */
  readonly askedAt: number
}

/** @param onClose called once, when the lease does nothing any more */
export function createLease(context: FlightContext, acquired: Acquired, onClose: (lease: FlightLease) => void): FlightLease {
  const { link, names, clock, timing } = context
  const { key, flightId, token } = acquired
  const lock = `${token} ${flightId}`
  const keys = [names.lock(key), names.fence(key), names.flight(key, flightId)] as const
  const publisher = createPublisher(context, { key, flightId, mayGoOn: alive, onFailure: letOthersLead })
  let validUntil = acquired.askedAt + timing.keepMs
  /** Somebody passed the token, or it was not renewed in time: never held again. */
  let lost = false
  /** Given back: nothing is renewed any more. */
  let released: Promise<void> | undefined
  let closing: Promise<void> | undefined
  let cancelRenewal: (() => void) | undefined
  /** Nothing more is passed on. */
  let ended = false

  // By the clock, not by a timer: true as well right after the process was frozen.
  function alive(): boolean {
    if (clock.monotonic() >= validUntil) lost = true
    return clock.monotonic() < validUntil
  }

  function scheduleRenewal(): void {
    cancelRenewal = clock.schedule(timing.renewMs, () => void renew())
  }

  async function renew(): Promise<void> {
    if (!alive() || clock.monotonic() - acquired.askedAt > FORGOTTEN_MS) {
      lost = true
      publisher.drop()
      return
    }
    const askedAt = clock.monotonic()
    try {
      const publishing = publisher.busy ? '1' : '0'
      const renewal = link.run(RENEW, keys, lock, `${token}`, `${timing.keepMs}`, `${FENCE_MS}`, publishing)
      // An answer that comes later than that is of no use: by then the next one must be under way.
      const current = await within(clock, timing.renewMs, renewal)
      validUntil = Math.max(validUntil, askedAt + timing.keepMs)
      if (current !== 1) lost = true
    } catch {
      // The next one may succeed; if none does, time runs out.
    }
    if (!released) scheduleRenewal()
  }

  /** @param forgo whether nothing will be written under the token either */
  function giveBack(forgo: boolean): Promise<void> {
    cancelRenewal?.()
    if (forgo) lost = true
    const asked = link.run(RELEASE, [keys[0], keys[1]], lock, `${token}`, forgo ? '1' : '0')
    released ??= within(clock, timing.keepMs, asked).then(
      () => {},
      () => {},
    )
    return released
  }

  function breakOff(kind: 'abort' | 'alone'): void {
    if (!released) publisher.breakOff({ kind }, giveBack(true))
  }

  /** Nobody can follow any more, so somebody else may lead. The answer may still be stored, unless somebody does. */
  async function letOthersLead(): Promise<void> {
    await link.run(RELEASE, [keys[0], keys[1]], lock, `${token}`, '0').catch(() => {})
  }

  /** What cannot be passed on whole is for the leader alone. */
  function passOn(step: PublishedStep): void {
    if (ended || released || publisher.push(step)) return
    ended = true
    publisher.breakOff({ kind: 'alone' }, letOthersLead())
  }

  const lease: FlightLease = {
    token,
    get held() {
      alive()
      return !lost
    },
    async followed() {
      try {
        return (await within(clock, timing.keepMs, link.text(keys[0], 'GET', names.followed(key)))) === lock
      } catch {
        return false
      }
    },
    head: (head) => passOn({ kind: 'head', head }),
    write: (bytes) => passOn({ kind: 'chunk', bytes }),
    end() {
      passOn({ kind: 'end' })
      ended = true
    },
    abort: () => breakOff('abort'),
    release: () => breakOff('alone'),
    close() {
      closing ??= (async () => {
        if (!ended && !released) breakOff('abort')
        await publisher.idle()
        publisher.drop()
        await (released ?? giveBack(false))
        onClose(lease)
      })()
      return closing
    },
  }
  scheduleRenewal()
  return lease
}
