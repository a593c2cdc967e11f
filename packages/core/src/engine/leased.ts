/** A flight that other processes follow too: what goes to the followers here is published as well. */

import type { FlightLease } from '../sharing.js'
import type { Flight } from './flight.js'

export function leaseFlight(flight: Flight, lease: FlightLease): Flight {
  let onFinish: (() => void) | undefined

  function finish(): void {
    const callback = onFinish
    onFinish = undefined
    callback?.()
  }

  function abort(): void {
    flight.abort()
    lease.abort()
    finish()
  }

  return {
    background: flight.background,
    get answerId() {
      return flight.answerId
    },
    get joined() {
      return flight.joined
    },
    get spoiled() {
      return flight.spoiled
    },
    join: (signal) => flight.join(signal),
    get over() {
      return flight.over
    },
    found(entry, failed) {
      flight.found(entry, failed)
      lease.release()
      finish()
    },
    bytes: () => flight.bytes(),
    close: () => flight.close(),
    done: () => flight.done(),
    spoil: () => flight.spoil(),
    doubt: (meant) => flight.doubt(meant),
    doubts: (entry) => flight.doubts(entry),
    removed: (entry) => flight.removed(entry),
    head(answer) {
      flight.head(answer)
      lease.head(answer)
    },
    write(chunk) {
      flight.write(chunk)
      lease.write(chunk)
    },
    end(entry) {
      flight.end(entry)
      lease.end()
      finish()
    },
    abort,
    release() {
      flight.release()
      lease.release()
    },
    leaderGone(onRelease) {
      if (flight.leaderGone(onRelease)) return true
      onFinish = onRelease
      // Whether others follow takes a question; until it is answered the origin goes on.
      void lease.followed().then((followed) => {
        if (!followed && onFinish) abort()
      })
      return true
    },
  }
}
