/** Where there is no `node:http` there is no server to connect to: only apps with a `fetch` can be asked. */

import type { InMemory, NodeServer } from './app-port.js'

export const inMemory: InMemory = {
  apart: (callback) => callback(),
  isServer: (_value): _value is NodeServer => false,
  serverFor: () => undefined,
  serverBehind: () => undefined,
  peerOf: () => undefined,
  stranger: () => undefined,
  send: () => undefined,
}
