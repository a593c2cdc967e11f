/** The gate that lets a test decide when each chunk goes out, so that no test needs to sleep. */

export interface Gate {
  /** A call arrives: it is subject to the hold in force now. */
  enter(): Turnstile
  hold(): void
  release(): void
  /** Resolves when each call held now has passed `count` more times and waits again, or has left. */
  step(count: number): Promise<void>
}

/** One call's way through the gate. */
export interface Turnstile {
  /** Resolves when the next chunk may be sent, or when the call has left. */
  pass(): Promise<void>
  leave(): void
}

interface Held {
  permits: number
  /** Set while the call waits. */
  wake: (() => void) | undefined
}

const OPEN: Turnstile = { pass: () => Promise.resolve(), leave: () => undefined }

export function createGate(): Gate {
  const held = new Set<Held>()
  const watchers = new Set<() => void>()
  let holding = false

  const notify = (): void => {
    for (const watcher of [...watchers]) watcher()
  }

  function wake(call: Held): void {
    const resume = call.wake
    call.wake = undefined
    resume?.()
  }

  function enter(): Turnstile {
    if (!holding) return OPEN
    const call: Held = { permits: 0, wake: undefined }
    held.add(call)
    return {
      async pass() {
        while (held.has(call) && call.permits === 0) {
          await new Promise<void>((resolve) => {
            call.wake = resolve
            notify()
          })
        }
        call.permits -= 1
      },
      leave() {
        held.delete(call)
        wake(call)
        notify()
      },
    }
  }

  return {
    enter,
    hold: () => {
      holding = true
    },
    release: () => {
      holding = false
      const waiting = [...held]
      held.clear()
      for (const call of waiting) wake(call)
      notify()
    },
    step: (count) => {
      const stepping = [...held]
      for (const call of stepping) {
        call.permits += count
        wake(call)
      }
      return new Promise((resolve) => {
        const check = (): void => {
          if (stepping.some((call) => held.has(call) && (call.permits > 0 || !call.wake))) return
          watchers.delete(check)
          resolve()
        }
        watchers.add(check)
        check()
      })
    },
  }
}
