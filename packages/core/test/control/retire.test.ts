import { createDiskStore } from '@llm-cache/core/disk'
import { createMemoryStore } from '../../src/stores/memory.js'
import { temporaryFile } from '../disk/support.js'
import { type Place, retireSuite } from './retire-suite.js'

const place = (open: Place['open'], close: Place['close'] = () => undefined): Place => ({ open, close })

const places: Readonly<Record<string, () => Place>> = {
  memory: () => place(() => undefined),
  'a Map': () => {
    const map = new Map()
    return place(() => map)
  },
  'memory and a Map': () => {
    const map = new Map()
    return place(() => [createMemoryStore(), map])
  },
  'a disk': () => {
    const file = temporaryFile()
    return place(() => createDiskStore({ path: file.path }), file.remove)
  },
  'memory, a disk and a Map': () => {
    const map = new Map()
    const files: ReturnType<typeof temporaryFile>[] = []
    return place(
      () => {
        const file = temporaryFile()
        files.push(file)
        return [createMemoryStore(), createDiskStore({ path: file.path }), map]
      },
      () => {
        for (const file of files) file.remove()
      },
    )
  },
}

for (const [name, make] of Object.entries(places)) retireSuite(name, name !== 'memory', make)
