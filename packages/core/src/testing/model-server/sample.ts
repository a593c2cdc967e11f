/** Values that satisfy a JSON Schema, for tool arguments and structured answers. */

import { asArray, asNumber, asObject, asString, type JsonObject } from './json.js'
import { topicsOf, writeText } from './text.js'

const MAX_DEPTH = 8

/** A value for `schema` about `prompt`. Covers what providers accept in strict mode; unknown keywords are ignored. */
export function sampleSchema(schema: unknown, prompt: string): unknown {
  const root = asObject(schema) ?? {}
  const topics = topicsOf(prompt)
  let used = 0
  const nextTopic = (): string => topics[used++ % topics.length] as string

  function sample(node: JsonObject, depth: number): unknown {
    if ('const' in node) return node.const
    const choices = asArray(node.enum)
    if (choices && choices.length > 0) return choices[0]
    const reference = asString(node.$ref)
    if (reference !== undefined) return depth > MAX_DEPTH ? null : sample(resolve(root, reference), depth + 1)
    const variants = asArray(node.anyOf) ?? asArray(node.oneOf) ?? asArray(node.allOf)
    if (variants && variants.length > 0) {
      const ended = depth > MAX_DEPTH ? variants.find((variant) => asObject(variant)?.type === 'null') : undefined
      return sample(asObject(ended ?? variants[0]) ?? {}, depth + 1)
    }
    switch (typeOf(node)) {
      case 'object':
        return sampleObject(node, depth)
      case 'array': {
        const length = depth > MAX_DEPTH ? 0 : Math.min(asNumber(node.maxItems) ?? 2, Math.max(asNumber(node.minItems) ?? 0, 2))
        return Array.from({ length }, () => sample(asObject(node.items) ?? { type: 'string' }, depth + 1))
      }
      case 'integer':
        return Math.ceil(asNumber(node.minimum) ?? 1)
      case 'number':
        return asNumber(node.minimum) ?? 0.5
      case 'boolean':
        return true
      case 'null':
        return null
      default:
        return sampleString(node)
    }
  }

  function sampleObject(node: JsonObject, depth: number): JsonObject {
    const properties = asObject(node.properties) ?? {}
    const required = new Set(asArray(node.required) ?? [])
    const names = Object.keys(properties).filter((name) => depth <= MAX_DEPTH || required.has(name))
    return Object.fromEntries(names.map((name) => [name, sample(asObject(properties[name]) ?? {}, depth + 1)]))
  }

  function sampleString(node: JsonObject): string {
    const known: Readonly<Record<string, string>> = {
      date: '2026-01-15',
      'date-time': '2026-01-15T09:30:00Z',
      time: '09:30:00Z',
      email: 'someone@example.com',
      uri: 'https://example.com/',
      uuid: '3f2b8c1e-5d4a-4b6f-9a7c-0e1d2c3b4a5f',
    }
    const fixed = known[asString(node.format) ?? '']
    return (
      fixed ??
      nextTopic()
        .padEnd(asNumber(node.minLength) ?? 0, '.')
        .slice(0, asNumber(node.maxLength) ?? 200)
    )
  }

  return sample(root, 0)
}

/** What a model answers in JSON mode without a schema. */
export function sampleJson(prompt: string): JsonObject {
  return { topic: topicsOf(prompt)[0], answer: writeText(prompt), keywords: topicsOf(prompt) }
}

function typeOf(node: JsonObject): string {
  const type = Array.isArray(node.type) ? node.type.find((candidate) => candidate !== 'null') : node.type
  if (typeof type === 'string') return type.toLowerCase()
  return node.properties ? 'object' : node.items ? 'array' : 'string'
}

function resolve(root: JsonObject, reference: string): JsonObject {
  let node: JsonObject | undefined = root
  for (const step of reference.replace(/^#\/?/, '').split('/')) {
    if (step !== '') node = asObject(node?.[step.replaceAll('~1', '/').replaceAll('~0', '~')])
  }
  return node ?? {}
}
