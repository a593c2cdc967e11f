// The processes of the fault bench, and what they tell.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Starts the simulated provider: its `url`, and `stop()`. */
export async function startModel() {
  const child = start('model-process.mjs', [])
  const { url } = await child.first()
  return { url, stop: child.stop }
}

/**
 * Starts an app. `unavailable` says why it could not be; `states` are the 'store-state' events in order, `lines` what it wrote
 * to stderr, `exit` how it ended if it did.
 */
export async function startApp(settings) {
  const app = { states: [], lines: [], exit: undefined, port: 0, unavailable: undefined }
  const child = start('app-process.mjs', [JSON.stringify(settings)], (message) => {
    if (message.type === 'state') app.states.push(message.event)
  })
  createInterface({ input: child.process.stderr }).on('line', (line) => app.lines.push(line))
  child.process.once('exit', (code, signal) => {
    app.exit ??= code ?? signal
  })
  const { port, reason } = await child.first()
  app.port = port
  app.unavailable = reason
  return Object.assign(app, {
    /** The load begins. */
    begin: () => child.process.send('begin'),
    /** How often which event came (`counts`), and what share of the time since `begin` the event loop was busy (`utilization`). */
    async numbers() {
      if (app.exit !== undefined) return {}
      const answered = new Promise((resolve) => {
        child.process.on('message', (message) => message.type === 'counts' && resolve(message))
        child.process.once('exit', () => resolve({}))
      })
      child.process.send('counts')
      const { counts, utilization } = await answered
      return { counts, utilization }
    },
    stop: () => {
      app.exit ??= 'stopped'
      return child.stop()
    },
  })
}

function start(file, args, onMessage = () => {}) {
  const child = fork(new URL(file, import.meta.url), args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const ended = once(child, 'exit')
  child.on('message', onMessage)
  return {
    process: child,
    first: () =>
      new Promise((resolve, reject) => {
        child.on('message', (message) => {
          if (message.type === 'ready' || message.type === 'unavailable') resolve(message)
        })
        child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)))
      }),
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
