import { frameworks } from './frameworks.js'
import { sdkSuite } from './suite/index.js'

sdkSuite(frameworks.express)
