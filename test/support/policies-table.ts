/** The table of docs/policies.md, made from the values themselves. */

import { POLICIES, POLICY_NAMES, type PolicyValues } from '../../packages/core/src/engine/policies.js'

/** Why each value differs. A new one has no explanation until it is written here, and does not compile. */
const REASONS: Readonly<Record<keyof PolicyValues, string>> = {
  ttl: 'How old an answer may become before the model is asked again.',
  jitter:
    'Share of each lifetime that is taken off at random, so that what was stored together does not end together. Worth having where lifetimes are long and much is stored at once.',
  staleWhileRevalidate:
    'How long after its lifetime an answer still goes out at once, while a new one is fetched: nobody waits for the model.',
  staleIfError:
    'How long after its lifetime an answer still goes out where the model fails, marked `STALE`. It is kept that much longer, so `0` where answers have to be gone when their lifetime is over.',
  refreshAhead:
    'Whether answers that are asked for often are fetched anew shortly before their lifetime ends, in the background. Costs model calls: `usdPerHour` of the option bounds them.',
  normalize:
    'What counts as the same request. `exact` takes a documented default that is written out for another request; none folds prose.',
  toolCalls: 'Answers that call tools may be acted upon twice. No policy stores them; an option can.',
}

export function policiesTable(): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const names = Object.keys(REASONS) as (keyof PolicyValues)[]
  return [
    row(['option', ...POLICY_NAMES.map((name) => `\`${name}\``), 'what it decides']),
    row(['option', ...POLICY_NAMES, 'what'].map(() => '---')),
    row([
      'caching',
      ...POLICY_NAMES.map((name) => (POLICIES[name].caching ? 'on' : 'off')),
      'Off: every request goes to its handler, a bypass with the reason `policy`.',
    ]),
    ...names.map((name) => row([`\`${name}\``, ...POLICY_NAMES.map((policy) => cell(POLICIES[policy].values[name])), REASONS[name]])),
  ].join('\n')
}

function cell(value: unknown): string {
  if (typeof value === 'string') return `\`'${value}'\``
  return `\`${JSON.stringify(value)}\``
}
