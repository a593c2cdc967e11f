// A child process with the simulated provider: every answer takes 20 ms.

const { createModelServer } = await import(new URL('../../../packages/core/dist/testing/index.js', import.meta.url).href)
const model = await createModelServer({ firstTokenMs: 20 })
process.on('disconnect', () => process.exit(0))
process.send({ type: 'ready', url: model.url })
// It remembers every call; a long run need not.
setInterval(() => {
  if (model.calls.length > 2000 && model.calls.every(({ done }) => done)) model.reset()
}, 50)
