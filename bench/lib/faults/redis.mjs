// A real Redis of one's own, on a port that stays the same however often it dies.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A Redis that is not running yet, on a free port. Nothing is persisted: each `start` begins empty. */
export async function createRedis() {
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), 'llm-cache-faults-'))
  const settings = { port, bind: '127.0.0.1', dir: directory, save: '', appendonly: 'no' }
  let server
  const killAtExit = () => server?.kill('SIGKILL')
  process.on('exit', killAtExit)

  async function kill() {
    if (!server) return
    const dying = server
    server = undefined
    const ended = once(dying, 'close')
    dying.kill('SIGKILL')
    await ended
  }

  return {
    port,
    /** Resolves once it takes connections. */
    async start() {
      const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`])
      server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
      await untilReady(server)
    },
    kill,
    /** SIGSTOP: connections stay open, nothing is answered. */
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    /** Sends one command on a connection of its own. */
    command: (...words) => command(port, words),
    async close() {
      process.off('exit', killAtExit)
      await kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function command(port, words) {
  const socket = connect(port, '127.0.0.1')
  socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`)
  const [answer] = await once(socket, 'data')
  socket.destroy()
  if (answer[0] === '-'.charCodeAt(0)) throw new Error(`Redis: ${answer}`)
}

function untilReady(server) {
  return new Promise((resolve, reject) => {
    let log = ''
    server.once('error', (error) =>
      reject(error.code === 'ENOENT' ? new Error('redis-server is not installed (apt-get install redis-server)') : error),
    )
    server.once('exit', (code) => reject(new Error(`redis-server ended with ${code}:\n${log}`)))
    server.stdout.on('data', (chunk) => {
      log = (log + chunk).slice(-4000)
      if (log.includes('Ready to accept connections')) resolve()
    })
  })
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  return port
}
