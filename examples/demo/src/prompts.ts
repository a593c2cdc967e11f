/** What the demo asks: many fields, a few words to a page, several languages. */

export interface Prompt {
  readonly system?: string
  readonly text: string
}

export const PROMPTS: readonly Prompt[] = [
  { text: 'Why do cats purr?' },
  { text: 'Translate to Spanish: "The last ferry leaves at nine, so bring a lamp and no luggage."' },
  {
    system: 'You are a database engineer. Answer with the reasoning first.',
    text: 'A table of 40 million orders has an index on (customer_id, created_at). Why is ORDER BY created_at LIMIT 10 without a customer still slow?',
  },
  { text: 'Schreibe eine kurze Absage an einen Bewerber, freundlich und ohne Floskeln.' },
  {
    system: 'You help nurses with handovers. Never guess a dose.',
    text: 'Put these notes in order: 14:20 pain 6/10, paracetamol at 13:50; 12:05 admitted after a fall, left wrist swollen; 15:10 X-ray shows no fracture, splint applied; family called at 14:45.',
  },
  { text: 'Explain what a mortgage offset account does, to someone who has never had a loan.' },
  {
    system: 'You review TypeScript.',
    text: 'What is wrong with this?\n\nasync function total(ids: string[]) {\n  let sum = 0\n  ids.forEach(async (id) => {\n    sum += (await load(id)).price\n  })\n  return sum\n}',
  },
  { text: '「木漏れ日」という言葉を、日本語を知らない人に説明してください。' },
  {
    system: 'You are the help desk of a bicycle shop. Be brief.',
    text: 'My rear derailleur clicks on the two smallest sprockets only, and it began after I changed the cable. I have a 5 mm Allen key and a Phillips screwdriver here. What do I try first?',
  },
  { text: 'Plan three days in Porto for two people who love tiles, dislike queues and eat no meat.' },
  { text: 'Prove that the square root of 2 is irrational, in words a fourteen-year-old can follow.' },
  {
    system: 'You summarise contracts for tenants.',
    text: 'Summarise: The Tenant shall permit the Landlord, on no less than twenty-four hours written notice save in an emergency, to enter the Premises at reasonable hours to view their state, to carry out such repairs as the Landlord is obliged to make, and, during the last two months of the Term, to show them to prospective tenants, provided that no more than two such visits are made in any week and that the Tenant or a person named by the Tenant may be present.',
  },
]

/** Asked to warm up. */
export const SMALL_TALK: Prompt = { text: 'What is good about autumn?' }

/** Asked by everybody at the same moment. */
export const BREAKING_NEWS: Prompt = {
  text: 'The river has risen two metres since this morning. What does the flood warning ask people to do?',
}
