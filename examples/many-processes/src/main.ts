/** One Express server as several processes on one port. With OPENAI_API_KEY on OpenAI, without it on a simulated provider. */

import cluster from 'node:cluster'
import { startPrimary } from './primary.js'
import { readSettings } from './settings.js'
import { startWorker } from './worker.js'

const settings = readSettings(process.env)
if (cluster.isPrimary) await startPrimary(settings)
else startWorker(settings)
