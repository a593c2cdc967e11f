/** Options of an `LRUCache` that holds `count` entries at the most, and allocates as it grows: with `max` it would do so at once. */
export function atMost(count: number): { readonly maxSize: number; readonly sizeCalculation: () => number } {
  return { maxSize: count, sizeCalculation: () => 1 }
}
