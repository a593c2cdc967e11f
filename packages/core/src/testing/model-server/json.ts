/** Reading request bodies whose shape is not known to be right. */

export type JsonObject = Record<string, unknown>

export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
}

export function asArray(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined
}

export function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** The strings of `value`: one string, or a list of them. */
export function asStrings(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return (asArray(value) ?? []).filter((item): item is string => typeof item === 'string')
}

/** The text of message content in any provider's form: a string, or parts with `text` or nested `content`. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (Array.isArray(content)) return content.map(textOf).filter(Boolean).join('\n')
  const part = asObject(content)
  if (!part) return ''
  return asString(part.text) ?? textOf(part.content ?? part.parts ?? part.output)
}

/** A request that the provider would refuse with status 400. */
export class BadRequestError extends Error {
  override readonly name: string = 'BadRequestError'
  /** The parameter at fault. */
  readonly param: string

  constructor(param: string, message: string) {
    super(message)
    this.param = param
  }
}

/** `body[name]` as a non-empty string, or a refusal in the providers' words. */
export function requireString(body: JsonObject, name: string): string {
  const value = body[name]
  if (typeof value === 'string' && value !== '') return value
  throw new BadRequestError(
    name,
    value === undefined ? `Missing required parameter: '${name}'.` : `Invalid type for '${name}': expected a string.`,
  )
}

/** `body[name]` as a non-empty list of objects, or a refusal in the providers' words. */
export function requireObjects(body: JsonObject, name: string): readonly JsonObject[] {
  const value = asArray(body[name])
  if (value && value.length > 0 && value.every((item) => asObject(item))) return value as JsonObject[]
  throw new BadRequestError(
    name,
    body[name] === undefined
      ? `Missing required parameter: '${name}'.`
      : `Invalid value for '${name}': expected a non-empty array of objects.`,
  )
}
