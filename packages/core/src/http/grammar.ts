/** The two words of HTTP fields: token and quoted-string (RFC 9110 sections 5.6.2 and 5.6.4). */

const TOKEN_CHARACTER: readonly boolean[] = Array.from({ length: 128 }, (_, code) =>
  /[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(String.fromCharCode(code)),
)
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** True when `text` is one whole token: a field name, a method, a cookie name. */
export function isToken(text: string): boolean {
  return text.length > 0 && readToken(text, 0) === text.length
}

/** Where the token that begins at `start` ends; `start` itself when there is none. */
export function readToken(text: string, start: number): number {
  let at = start
  while (TOKEN_CHARACTER[text.charCodeAt(at)] === true) at++
  return at
}

/** The quoted-string whose opening quote is at `start`, unescaped, and where it ends; undefined when it is never closed. */
export function readQuoted(text: string, start: number): { text: string; end: number } | undefined {
  let plain = ''
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return { text: plain, end: at + 1 }
    if (code === BACKSLASH && ++at >= text.length) return undefined
    plain += text[at]
  }
  return undefined
}
