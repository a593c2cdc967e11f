/** Variables of the environment, on any runtime. */

interface Runtime {
  readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> }
  readonly Deno?: { readonly permissions?: { querySync?(descriptor: object): { readonly state: string } } }
}

/** The variable's value; undefined where it is not set, there is no environment, or this program may not read it. Never asks anybody for leave. */
export function readVariable(name: string): string | undefined {
  const { process, Deno } = globalThis as Runtime
  try {
    // Reading it would stop the program with a question in its terminal.
    const permission = Deno?.permissions?.querySync?.({ name: 'env', variable: name })
    if (permission && permission.state !== 'granted') return undefined
    return process?.env?.[name]
  } catch {
    return undefined
  }
}
