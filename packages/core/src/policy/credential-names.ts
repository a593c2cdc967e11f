/** By which request fields apps, gateways and identity-aware proxies tell callers apart. */

/**
 * Words that occur in the names of such fields, as whole parts between hyphens. Broad on purpose: a field too many costs hits, a field
 * too few mixes users.
 */
const WORDS =
  /(?:^|-)(?:auth(?:n|z|ed|orization|enticated|entication|enticate)?|(?:access|id|refresh|bearer)?tokens?|jwt|sessions?|sess|sid|sessionid|api-?keys?|apikey|(?:access|subscription|functions|secret|license|app)-key|users?|userid|username|uid|tenants?|tenantid|accounts?|accountid|orgs?|orgid|organi[sz]ation|customers?|clients?|clientid|consumers?|principals?|identity|identities|signatures?|signed|credentials?|secrets?|certs?|certificates?|cert|subjects?|sub|emails?|members?|workspaces?|projects?|profiles?|assertion|dpop|login|oidc|saml|passport|device|roles?|groups?|scopes?|permissions?|claims?|impersonate|act-as|ticket|nonce|otp|pin)(?:-|$)/

/** Fields without such a word. */
const NAMES: ReadonlySet<string> = new Set([
  'x-forwarded-host',
  'x-original-host',
  'remote-user',
  'ocp-apim-subscription-key',
  'x-functions-key',
  'x-auth',
  'x-me',
])

/** Names with such a word that say nothing about who calls, or change by design with every request. */
const OTHERS =
  /^(?:user-agent|x-amz-user-agent|x-user-agent|x-csrf-token|x-xsrf-token|csrf-token|xsrf-token|proxy-authenticate)$|request-id$|(?:^|-)client-(?:ip|version|info|name|data|type|platform)$|^(?:sec-|accept-|x-stainless-|access-control-)/

/**
 * Whether a request field, by lower-case name, tells callers apart by default: `authorization`, `x-api-key`, `x-user-id`,
 * `x-amzn-oidc-identity`, `cf-access-jwt-assertion`, ... The Cookie field is looked at by itself.
 *
 * @example
 * isCredentialHeader('x-tenant')    // true
 * isCredentialHeader('user-agent')  // false
 */
export function isCredentialHeader(lowerName: string): boolean {
  return (WORDS.test(lowerName) || NAMES.has(lowerName)) && !OTHERS.test(lowerName)
}
