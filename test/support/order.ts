/** Which test files share a process with others, and which begin first. */

import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files on servers and processes that die, and those that look at what belongs to their whole process: memory, storages, modules. */
export const ALONE: readonly string[] = [
  'examples/*/test/**/*.test.ts',
  'packages/core/test/compression/coding.test.ts',
  'packages/core/test/dispatch/servers.test.ts',
  'packages/core/test/entry/codec.test.ts',
  'packages/core/test/lib/at-most.test.ts',
  'packages/core/test/platform/*.test.ts',
  'packages/core/test/semantic/vectors/*.test.ts',
  'packages/core/test/stores/memory-bound.test.ts',
  'packages/core/test/vectors/pgvector.test.ts',
  'packages/embedder-use/test/*.test.ts',
  'test/*.test.ts',
  'test/{processes,stores}/**/*.test.ts',
]

/** What takes longest, so that no worker is left alone with it at the end. Of small files Vitest would expect the contrary. */
const LONGEST: readonly string[] = [
  'stores/redis-package/retire',
  'stores/redis-package/garbage',
  'test/packed',
  'entry/codec',
  'test/layers',
  'vectors/recall',
  'stores/memory-bound',
  'vectors/pgvector',
  'embedder-use/test/use',
  'semantic/rule/adaptive-streams',
  'stores/epochs/model',
  'control/scan-races',
  'test/contract-5',
  'test/contract-4',
  'test/contract-3',
  'test/contract-2',
  'test/contract-4-6',
  'hono/test/contract',
  'sdk/express',
  'sdk/koa',
  'sdk/hono',
  'control/retire',
  'disk/damage',
  'answer/cut',
]

/** Files that share processes follow those that do not; in each part {@link LONGEST} come first, the others as Vitest orders them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((path) => moduleId.endsWith(`/${path}.test.ts`))
      return at === -1 ? LONGEST.length : at
    }
    const sorted = await super.sort(files)
    return sorted.sort((one, other) => one.project.name.localeCompare(other.project.name) || rank(one) - rank(other))
  }
}
