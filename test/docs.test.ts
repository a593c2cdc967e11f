import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

/** Names in the export clauses of an entry point. */
function exportedNames(path: string): string[] {
  const clauses = [...read(path).matchAll(/export (?:type )?\{([^}]+)\}/g)].flatMap((match) => (match[1] as string).split(','))
  return clauses.map((name) => name.replace(/^\s*(?:type )?\s*(?:\w+ as )?/, '').trim()).filter((name) => name !== '')
}

/** String literals of a union type, as `type Name = | 'a' | 'b'`. */
function literals(path: string, name: string): string[] {
  const source = read(path)
  const start = source.indexOf(`export type ${name} =`)
  const end = source.indexOf('\n\n', start)
  return [...source.slice(start, end).matchAll(/^\s*(?:\||=).*$|'[a-z0-9-]+'/gm)].flatMap(([text]) =>
    [...text.matchAll(/'([a-z0-9-]+)'/g)].map((match) => match[1] as string),
  )
}

/** Property names of an interface's readonly members. */
function members(path: string, name: string): string[] {
  const source = read(path)
  const start = source.indexOf(`export interface ${name} `)
  const end = source.indexOf('\n}', start)
  return [...source.slice(start, end).matchAll(/^ {2}readonly (\w+)\??:/gm)].map((match) => match[1] as string)
}

describe('the documentation is whole', () => {
  it.each(['index.ts', 'node/index.ts'])('every public name of core/%s stands in docs/api.md', (entry) => {
    const api = read('docs/api.md')
    const names = exportedNames(`packages/core/src/${entry}`)
    expect(names.length).toBeGreaterThan(10)
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(api))).toEqual([])
  })

  it('every option stands in docs/options.md', () => {
    const options = read('docs/options.md')
    const names = [
      ...members('packages/core/src/engine/options.ts', 'RouteOptions'),
      ...members('packages/core/src/engine/options.ts', 'LlmCacheOptions'),
    ]
    expect(names.length).toBeGreaterThan(20)
    expect(names.filter((name) => !options.includes(`| \`${name}\` |`))).toEqual([])
  })

  it('every reason stands in docs/troubleshooting.md', () => {
    const page = read('docs/troubleshooting.md')
    const reasons = [
      ...literals('packages/core/src/events.ts', 'SkipReason'),
      ...literals('packages/core/src/exchange.ts', 'BypassReason'),
      ...literals('packages/core/src/exchange.ts', 'UnreadableReason'),
    ]
    expect(reasons).toContain('vary')
    expect(reasons).toContain('body-encoded')
    expect(reasons.filter((reason) => !page.includes(`\`${reason}\``))).toEqual([])
  })

  it('links between pages lead somewhere', () => {
    const pages = [
      'README.md',
      'AGENTS.md',
      'CONTRIBUTING.md',
      ...readdirSync(new URL('../docs', import.meta.url))
        .filter((name) => name.endsWith('.md'))
        .map((name) => `docs/${name}`),
    ]
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].flatMap((match) => {
        const target = new URL(match[1] as string, new URL(`../${page}`, import.meta.url))
        try {
          readFileSync(target)
          return []
        } catch (error) {
          return (error as NodeJS.ErrnoException).code === 'EISDIR' ? [] : [`${page}: ${match[1]}`]
        }
      }),
    )
    expect(broken).toEqual([])
  })
})
