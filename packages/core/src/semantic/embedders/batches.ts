/** Texts on their way to an embedder: equal ones are asked once, those of one moment together, and only so many wait. */

import { EmbedderError } from '../../errors.js'

/** One vector or error a text; or a rejection, where none has a vector. */
export type Answers = Promise<readonly (Float32Array | Error)[]>

/** Asks for the vectors of `texts`. */
export type Ask = (texts: readonly string[], signal: AbortSignal) => Answers

export interface BatchOptions {
  readonly ask: Ask
  /** Most texts of one call. */
  readonly maxBatch: number
  /** Most calls at a time. */
  readonly maxCalls: number
  /** Most texts that wait for a call. */
  readonly maxQueue: number
}

/** Somebody's share in the vector of a text. */
export interface Ticket {
  /** Rejects with EmbedderError or VectorError. Never settles once it was left. */
  readonly vector: Promise<Float32Array>
  /** It is not waited for any more. What nobody waits for is not asked, or aborted with the `reason` of the last to leave. */
  leave(reason: unknown): void
}

export interface Batches {
  /** @throws EmbedderError `busy` */
  join(text: string): Ticket
  /** A share in `answers`, which were asked for `text` alone already. */
  adopt(text: string, answers: Answers, controller: AbortController): Ticket
  /** True where a text would be asked at once and by itself. */
  readonly free: boolean
  /** Texts that wait for a call. */
  readonly queued: number
  /** Aborts what runs and refuses what waits. */
  close(): void
}

export function createBatches(options: BatchOptions): Batches {
  const { ask, maxBatch, maxCalls, maxQueue } = options
  const jobs = new Map<string, Job>()
  const queue = new Set<Job>()
  const calls = new Set<Call>()
  let planned = false

  // In the next microtask, so that texts of the same moment share a call.
  function plan(): void {
    if (planned) return
    planned = true
    queueMicrotask(() => {
      planned = false
      while (calls.size < maxCalls && queue.size > 0) start()
    })
  }

  function start(): void {
    const batch: Job[] = []
    for (const job of queue) {
      queue.delete(job)
      if (batch.push(job) >= maxBatch) break
    }
    const controller = new AbortController()
    const texts = batch.map((job) => job.text)
    follow(batch, ask(texts, controller.signal), controller)
  }

  function follow(batch: readonly Job[], answers: Answers, controller: AbortController): void {
    const call: Call = { controller, waiting: batch.length }
    calls.add(call)
    for (const job of batch) job.call = call
    const finish = (answerOf: (at: number) => Float32Array | Error): void => {
      for (const [at, job] of batch.entries()) settle(job, answerOf(at))
      if (calls.delete(call)) plan()
    }
    answers.then(
      (list) => finish((at) => list[at] as Float32Array | Error),
      (error: Error) => finish(() => error),
    )
  }

  function settle(job: Job, answer: Float32Array | Error): void {
    if (jobs.get(job.text) === job) jobs.delete(job.text)
    if (answer instanceof Error) job.reject(answer)
    else job.resolve(answer)
  }

  function drop(job: Job, reason: unknown): void {
    if (jobs.get(job.text) === job) jobs.delete(job.text)
    queue.delete(job)
    const { call } = job
    if (!call) return
    call.waiting -= 1
    if (call.waiting > 0 || !calls.delete(call)) return
    call.controller.abort(reason)
    plan()
  }

  function ticketOf(job: Job): Ticket {
    let left = false
    job.waiters += 1
    return {
      vector: job.vector,
      leave(reason) {
        if (left) return
        left = true
        job.waiters -= 1
        if (job.waiters === 0) drop(job, reason)
      },
    }
  }

  return {
    get queued() {
      return queue.size
    },
    get free() {
      return queue.size === 0 && calls.size < maxCalls
    },
    join(text) {
      let job = jobs.get(text)
      if (!job) {
        if (queue.size >= maxQueue) throw new EmbedderError('busy', `${maxQueue} texts already wait for the embedder.`)
        job = createJob(text)
        jobs.set(text, job)
        queue.add(job)
        plan()
      }
      return ticketOf(job)
    },
    adopt(text, answers, controller) {
      const job = createJob(text)
      jobs.set(text, job)
      follow([job], answers, controller)
      return ticketOf(job)
    },
    close() {
      for (const call of calls) call.controller.abort()
      calls.clear()
      for (const job of jobs.values()) job.reject(new EmbedderError('aborted', 'The embedder was closed.'))
      jobs.clear()
      queue.clear()
    },
  }
}

interface Call {
  readonly controller: AbortController
  /** Texts that somebody waits for. */
  waiting: number
}

interface Job {
  readonly text: string
  readonly vector: Promise<Float32Array>
  readonly resolve: (vector: Float32Array) => void
  readonly reject: (error: Error) => void
  waiters: number
  call: Call | undefined
}

function createJob(text: string): Job {
  let resolve!: Job['resolve']
  let reject!: Job['reject']
  const vector = new Promise<Float32Array>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  // It may have been left by everybody.
  vector.catch(() => undefined)
  return { text, vector, resolve, reject, waiters: 0, call: undefined }
}
