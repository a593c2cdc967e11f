import { adapterContract } from '@llm-cache/core/testing'
import Koa from 'koa-v2'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { koaDriver } from './driver.js'

adapterContract({ describe, it, beforeAll, afterAll }, koaDriver('koa 2', Koa, false))
