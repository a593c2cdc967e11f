/** The media type of a request's body (RFC 9110 section 8.3), normalised so far as its meaning allows. */

export interface MediaType {
  /** As it enters the key: type and parameter names in lower case, charset too, UTF-8 left out where it is the default. '' when absent. */
  readonly text: string
  /** `type/subtype` in lower case; '' when absent. */
  readonly essence: string
  /** True for `application/json` and `+json`. */
  readonly isJson: boolean
  /** The charset in lower case, if one is given. */
  readonly charset: string | undefined
}

/** Parses a Content-Type field. Never fails: what is no media type is kept as it is. */
export function parseMediaType(field: string | undefined): MediaType {
  if (field === 'application/json') return JSON_TYPE
  if (field === undefined) return NO_TYPE
  const [head = '', ...tail] = field.split(';')
  const essence = head.trim().toLowerCase()
  const isJson = essence === 'application/json' || essence.endsWith('+json')
  // A quoted value may hold ';' and '=': such a field is kept as written, which only costs a miss.
  if (field.includes('"')) return { text: field.trim(), essence, isJson, charset: quotedCharset(field) }
  let text = essence
  let charset: string | undefined
  for (const part of tail) {
    const parameter = part.trim()
    if (parameter === '') continue
    const equals = parameter.indexOf('=')
    const name = (equals < 0 ? parameter : parameter.slice(0, equals)).toLowerCase()
    const value = equals < 0 ? '' : parameter.slice(equals + 1)
    if (name === 'charset') charset = value.toLowerCase()
    if (isJson && name === 'charset' && isUtf8(charset)) continue
    text += `;${name}=${name === 'charset' ? value.toLowerCase() : value}`
  }
  return { text, essence, isJson, charset }
}

/** True when text in this charset is read as UTF-8: that, its subset ASCII, or none given. */
export function isUtf8(charset: string | undefined): boolean {
  return charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii'
}

function quotedCharset(field: string): string | undefined {
  return /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(field)?.[1]?.toLowerCase()
}

const JSON_TYPE: MediaType = { text: 'application/json', essence: 'application/json', isJson: true, charset: undefined }
const NO_TYPE: MediaType = { text: '', essence: '', isJson: false, charset: undefined }
