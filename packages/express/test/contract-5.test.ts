import { adapterContract } from '@llm-cache/core/testing'
import express from 'express'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { expressDriver } from './driver.js'

adapterContract({ describe, it, beforeAll, afterAll }, expressDriver('express 5', express, true))
