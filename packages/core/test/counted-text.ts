/** A text that counts what is read of it, for bounds on the work of parsers that no busy machine can break. */
export interface CountedText {
  /** To be read with `length`, indexes and the methods of a string. */
  readonly text: string
  /** Accesses so far, and characters of the texts that were made of it. */
  readonly reads: number
}

export function countedText(text: string): CountedText {
  let reads = 0
  const proxy = new Proxy(new String(text), {
    get(target, name) {
      reads++
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(value, text, args)
        if (typeof result === 'string') reads += result.length
        return result
      }
    },
  })
  return {
    text: proxy as unknown as string,
    get reads() {
      return reads
    },
  }
}
