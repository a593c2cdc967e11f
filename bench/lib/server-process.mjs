// A child process with one server: node server-process.mjs <framework> <mount> <packages folder>. Tells its parent the port.

import { listen } from './apps.mjs'

const [framework, mount, packages] = process.argv.slice(2)
const server = await listen(framework, mount, packages)
process.send({ port: server.address().port })
// CPU used so far, in us: says what a request costs, however busy the machine is.
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send({ cpu: user + system })
})
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0)) // lets --cpu-prof write its file
