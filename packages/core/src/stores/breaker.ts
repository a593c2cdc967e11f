/** When a store is not worth asking: the circuit breaker of its reads or of its writes. */

export interface BreakerOptions {
  /** Failures in a row that open it. @default 5 */
  readonly consecutive?: number | undefined
  /** Share of failed calls in the window that opens it. @default 0.5 */
  readonly failureShare?: number | undefined
  /** Calls that the window must hold before their share counts. @default 20 */
  readonly minCalls?: number | undefined
  /** Length of the window in ms. @default 10_000 */
  readonly windowMs?: number | undefined
  /** First wait before a probe, in ms; it doubles with each that fails. @default 250 */
  readonly probeMs?: number | undefined
  /** Longest wait between two probes, in ms. @default 1000 */
  readonly maxProbeMs?: number | undefined
}
