import { afterEach, expect, it, vi } from 'vitest'
import * as node from '../../src/platform/node.js'
import * as web from '../../src/platform/web.js'

/** What the runtime has for globals while `act` runs. */
function on<T>(globals: Readonly<Record<string, unknown>>, act: () => T): T {
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value)
  try {
    return act()
  } finally {
    vi.unstubAllGlobals()
  }
}

afterEach(() => {
  vi.unstubAllEnvs()
})

const deno = (state: string): object => ({ permissions: { querySync: () => ({ state }) } })
const forbidden = {
  get env(): never {
    throw new Error('NotCapable')
  },
}

it.each([
  ['node', node.readVariable],
  ['web', web.readVariable],
])('the %s arm reads a variable where there is one to read, and asks nobody', (_, readVariable) => {
  vi.stubEnv('LLM_CACHE_TEST', 'x')
  expect(readVariable('LLM_CACHE_TEST')).toBe('x')
  expect(readVariable('LLM_CACHE_TEST_UNSET')).toBeUndefined()
  expect(on({ process: undefined }, () => readVariable('LLM_CACHE_TEST'))).toBeUndefined()
  expect(on({ process: {} }, () => readVariable('LLM_CACHE_TEST'))).toBeUndefined()
  expect(on({ process: forbidden }, () => readVariable('LLM_CACHE_TEST'))).toBeUndefined()
  expect(on({ Deno: deno('granted') }, () => readVariable('LLM_CACHE_TEST'))).toBe('x')
  for (const state of ['prompt', 'denied']) {
    expect(on({ Deno: deno(state), process: forbidden }, () => readVariable('LLM_CACHE_TEST'))).toBeUndefined()
  }
  let asked = false
  const process = {
    get env() {
      asked = true
      return {}
    },
  }
  on({ Deno: deno('prompt'), process }, () => readVariable('LLM_CACHE_TEST'))
  expect(asked).toBe(false)
})
