/** Classes with decorators, lowered as users' compilers do it: the tests' own transform leaves decorators alone. */

import { transformSync } from 'esbuild'

export type DecoratorKind = 'tc39' | 'legacy'

/**
 * Runs `source`, TypeScript whose last statement is `return` of something, with `names` in its scope. `legacy` is
 * TypeScript's `experimentalDecorators`.
 */
export function runDecorated(kind: DecoratorKind, source: string, names: Readonly<Record<string, unknown>>): unknown {
  const wrapped = `function main() {\n${source}\n}`
  const { code } = transformSync(wrapped, {
    loader: 'ts',
    target: 'es2022',
    tsconfigRaw: { compilerOptions: { experimentalDecorators: kind === 'legacy' } },
  })
  return new Function(...Object.keys(names), `${code}\nreturn main()`)(...Object.values(names))
}
