// The child process that makes the load: keep-alive connections that each have one request open at a time. Bare sockets, so
// that it costs less than any server under test.

import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'

process.on('message', async ({ port, requests, seconds, connections }) => {
  process.send(await measure(port, requests, seconds, connections))
})
process.on('disconnect', () => process.exit(0))

/** Answers per second, and latencies in ms. */
async function measure(port, requests, seconds, connections) {
  const latencies = []
  const start = performance.now()
  const end = start + seconds * 1000
  await Promise.all(Array.from({ length: connections }, (_, at) => drive(port, requests, at, end, latencies)))
  const elapsed = (performance.now() - start) / 1000
  latencies.sort((a, b) => a - b)
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))]
  return { count: latencies.length, rate: latencies.length / elapsed, p50: at(0.5), p99: at(0.99) }
}

function drive(port, requests, offset, end, latencies) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    let next = offset
    let sentAt = 0
    let missing = -1 // bytes of the body still to come; -1: head not seen; Infinity: chunked

    const send = () => {
      missing = -1
      sentAt = performance.now()
      socket.write(requests[next++ % requests.length])
    }
    const done = () => {
      const now = performance.now()
      latencies.push(now - sentAt)
      if (now < end) return send()
      socket.destroy()
      resolve()
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed a connection')))
    socket.on('data', (data) => {
      let body = data
      if (missing === -1) {
        const headEnd = data.indexOf('\r\n\r\n')
        if (headEnd < 0) return reject(new Error('a head in pieces'))
        const head = data.latin1Slice(0, headEnd)
        if (!head.startsWith('HTTP/1.1 200')) return reject(new Error(head))
        body = data.subarray(headEnd + 4)
        const length = /content-length: (\d+)/i.exec(head)
        missing = length ? Number(length[1]) : Number.POSITIVE_INFINITY
      }
      missing -= body.length
      if (missing === 0 || (missing === Number.POSITIVE_INFINITY && endsChunked(data))) done()
    })
  })
}

function endsChunked(data) {
  return data.length >= 5 ? data.latin1Slice(data.length - 5) === '0\r\n\r\n' : data.latin1Slice().endsWith('\n\r\n')
}
