export type { DiskStoreOptions } from './options.js'
export { createDiskStore } from './store.js'
