import { expect, it } from 'vitest'
import type { PubSub } from '../src/channels.js'
import { createSubscriber } from '../src/subscriber.js'

it('waits for no more than 4096 channels while there is no connection', async () => {
  let asked = 0
  const never = new Promise<void>(() => {})
  const pubSub: PubSub = {
    subscribe: () => {
      asked += 1
      return never
    },
    unsubscribe: () => never,
    check: () => {},
  }
  const subscriber = createSubscriber(() => pubSub)
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const listen = (name: string): (() => void) =>
    subscriber.listen(
      name,
      () => {},
      () => {},
    )
  for (let at = 0; at < 1000; at++) listen(`gone at once ${at}`)()
  await settled()
  expect(asked).toBe(0)
  for (let at = 0; at < 5000; at++) listen(`waiting ${at}`)
  await settled()
  expect(asked).toBe(4096)
  // Who is known already is listened to by as many as there are.
  const stop = listen('waiting 1')
  stop()
  listen('one too many')()
  await settled()
  expect(asked).toBe(4096)
})
