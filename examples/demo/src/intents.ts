/** What customers of a service ask, in the words of many of them. */

/** What is wanted; everybody who wants it gets the same answer. */
export const INTENTS: readonly string[] = [
  'reset my password',
  'cancel my subscription',
  'change my email address',
  'download an invoice',
  'export all of my data',
  'invite a new colleague to the team',
  'connect my calendar',
  'print a shipping label',
  'return a damaged parcel',
  'enable two-factor authentication',
  'rename a shared project',
  'pay by bank transfer',
  'set up automatic backups',
  'report a stolen card',
  'book a meeting room',
  'redeem a gift voucher',
]

/** How it is said. */
const FRAMES: readonly ((task: string) => string)[] = [
  (task) => `How do I ${task}?`,
  (task) => `How can I ${task}?`,
  (task) => `How could I ${task} please?`,
  (task) => `What do I have to do to ${task}?`,
  (task) => `I would like to ${task}.`,
  (task) => `What is the way to ${task}?`,
  (task) => `Hi, I need to ${task}, how?`,
  (task) => `Could you tell me how to ${task}?`,
]

/** Everything once, the intents in turn. */
export function* traffic(): Generator<string> {
  for (const say of FRAMES) for (const task of INTENTS) yield say(task)
}

/** Said as nobody did before. */
export function newWords(task: string): string {
  return `Hello, please explain how I can ${task}.`
}

/** Nearly the words of one of them, and not its meaning. */
export const OPPOSITE = 'How do I disable two-factor authentication?'

/** What none of them wants: no answer to anything else will do. */
export const UNRELATED: readonly string[] = [
  'How can I find a good dentist?',
  'How do whales sleep under water?',
  'What do I have to do to become a pilot?',
  'How do I delete my browsing history?',
]

/** The intent that a question names. */
export function intentOf(question: string): string | undefined {
  return INTENTS.find((task) => question.includes(task))
}
