/**
 * A model provider on loopback that speaks the wire formats of OpenAI (chat completions, Responses, embeddings, legacy
 * completions, models), Anthropic (messages), Gemini (generateContent) and Ollama (chat, generate), JSON and streams.
 * For tests and demos: answers are deterministic, faults and the time of each chunk are under control.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCallLog } from './calls.js'
import { isFault } from './faults.js'
import { createGate } from './gate.js'
import { resolveOptions } from './options.js'
import { createPacer } from './pace.js'
import { type ServerState, serve } from './serve.js'
import { FAULTS, type ModelServer, type ModelServerOptions } from './types.js'

/**
 * Starts a simulated model provider. Rejects with an `OptionError` for wrong options and with the system's error when
 * it cannot listen.
 *
 * ```ts
 * const server = await createModelServer({ firstTokenMs: 350, tokenMs: 12 })
 * const openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'any' })
 * const anthropic = new Anthropic({ baseURL: server.url, apiKey: 'any' })
 * ```
 *
 * A prompt that contains `[[fault:rate-limit]]`, or any other {@link Fault}, meets that fault. Tools are called when
 * `tool_choice` demands it, when the prompt names one or asks to "call the tool".
 */
export async function createModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const resolved = resolveOptions(options)
  const log = createCallLog()
  const gate = createGate()
  const state: ServerState = { options: resolved, log, gate, pacer: createPacer(resolved, resolved.clock), queue: [], open: new Set() }

  const http = createServer((request, response) => {
    serve(state, request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  // Longer than clients keep idle sockets: none is reset under a request.
  http.keepAliveTimeout = 120_000
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(resolved.port, resolved.host, () => {
      http.off('error', reject)
      resolve()
    })
  })
  const { address, port, family } = http.address() as AddressInfo
  let closing: Promise<void> | undefined

  function breakOffAll(): void {
    gate.release()
    for (const breakOff of [...state.open]) breakOff()
  }

  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    calls: log.calls,
    callCount: (path) => log.count(path),
    waitForCalls: (count, path) => log.until(() => log.count(path) >= count),
    until: (condition) => log.until(() => condition(log.calls)),
    settled: () => log.until(() => state.open.size === 0),
    failNext: (fault, times = 1) => {
      if (!isFault(fault)) throw new TypeError(`Unknown fault '${String(fault)}'. Known faults: ${FAULTS.join(', ')}.`)
      for (let count = 0; count < times; count += 1) state.queue.push(fault)
    },
    hold: gate.hold,
    step: (chunks = 1) => gate.step(chunks),
    release: gate.release,
    reset: () => {
      breakOffAll()
      state.queue.length = 0
      log.clear()
    },
    close: () => {
      closing ??= new Promise((resolve) => {
        breakOffAll()
        http.close(() => resolve())
        http.closeAllConnections()
      })
      return closing
    },
  }
}
