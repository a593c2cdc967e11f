import { adapterContract } from '@llm-cache/core/testing'
import { Hono } from 'hono-v4-6'
import { cors } from 'hono-v4-6/cors'
import { HTTPException } from 'hono-v4-6/http-exception'
import { stream, streamSSE, streamText } from 'hono-v4-6/streaming'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { type HonoModules, honoDriver } from './driver.js'

const modules = { Hono, HTTPException, cors, stream, streamSSE, streamText }
adapterContract({ describe, it, beforeAll, afterAll }, honoDriver('hono 4.6', modules as unknown as HonoModules))
