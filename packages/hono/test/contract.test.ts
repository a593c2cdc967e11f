import { adapterContract } from '@llm-cache/core/testing'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { HTTPException } from 'hono/http-exception'
import { stream, streamSSE, streamText } from 'hono/streaming'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { honoDriver } from './driver.js'

adapterContract({ describe, it, beforeAll, afterAll }, honoDriver('hono 4', { Hono, HTTPException, cors, stream, streamSSE, streamText }))
