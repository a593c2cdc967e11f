/** `--serve`: the apps stay up, with lines to try on them. */

import type { RunningApp } from './apps/app.js'
import { INTENTS, newWords, OPPOSITE } from './intents.js'
import { ROUTES, type Route } from './plan.js'
import type { Style } from './style.js'

const QUESTION = { text: 'Why is the sky blue?' }

/** The curl lines for all frameworks. Each can be pasted as it is. */
export function formatTour(apps: readonly RunningApp[], routes: readonly Route[], style: Style): string {
  const sections = apps.map((app, index) => {
    const route = routes[index % routes.length] as Route
    const curl = (text: string, { flags = '-i', stream = false, headers = '' } = {}): string => {
      const body = JSON.stringify(route.body({ text }, stream, 1000)).replaceAll("'", "'\\''")
      return `curl -s ${flags} ${app.url}${route.path} -H 'content-type: application/json'${headers} \\\n      -d '${body}'`
    }
    const tries: readonly (readonly [what: string, line: string])[] = [
      ['Twice: x-llm-cache is MISS, then HIT', curl(QUESTION.text)],
      ['A stream, twice: slowly, then at once', curl(QUESTION.text, { flags: '-iN', stream: true })],
      ['Forced refresh: a new answer replaces the stored one', curl(QUESTION.text, { headers: " -H 'cache-control: no-cache'" })],
      ['Two users: neither sees what the other got', curl(QUESTION.text, { headers: " -H 'authorization: Bearer anna'" })],
      ['', curl(QUESTION.text, { headers: " -H 'authorization: Bearer ben'" })],
      ['Only if stored: 504 and no model call', curl('Never asked before?', { headers: " -H 'cache-control: only-if-cached'" })],
    ]
    const lines = tries.map(([what, line]) => `${what && `    ${style.dim(`# ${what}`)}\n`}    ${line}`)
    return `  ${style.bold(app.name)}  ${app.url}\n\n${lines.join('\n')}`
  })
  const [first] = apps
  const bases = routes.map(({ provider }) => (provider === 'openai' ? `OpenAI's ${first?.url}/v1` : `Anthropic's ${first?.url}`))
  return `${sections.join('\n\n')}\n\n  The real clients work on them, too, with this base URL: ${bases.join(', ')}.`
}

/** The curl lines for the app that answers by meaning, and has learnt from `asked` questions. */
export function formatMeaningTour({ url }: RunningApp, asked: number, style: Style): string {
  const [route] = ROUTES as readonly [Route]
  const curl = (text: string): string =>
    `    curl -s -i ${url}${route.path} -H 'content-type: application/json' -H 'authorization: Bearer demo' \\\n      -d '${JSON.stringify(route.body({ text }, false, 1000))}'`
  const half = style.dim(
    '# In words that nobody used: x-llm-cache is SEMANTIC-HIT, with its similarity and probability, or MISS where it checks on itself',
  )
  const lines = INTENTS.slice(0, 2).map((task) => curl(newWords(task)))
  const opposite = `    ${style.dim('# Nearly the same words, the opposite: MISS')}\n${curl(OPPOSITE)}`
  return `  ${style.bold('Prompts that mean the same')}  ${url}, which has learnt from ${asked} questions\n\n    ${half}\n${lines.join('\n')}\n${opposite}`
}
