export type { DurationText } from './lib/duration.js'
