import { adapterContract } from '@llm-cache/core/testing'
import express from 'express-v4'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { expressDriver } from './driver.js'

adapterContract({ describe, it, beforeAll, afterAll }, expressDriver('express 4', express, false))
