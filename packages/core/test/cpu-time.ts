/**
 * What this process has taken of the processor since `started` (of `process.cpuUsage()`), in ms. On a busy machine work takes longer, but no
 * more of that.
 */
export function cpuTime(started: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(started)
  return (user + system) / 1000
}
