import { describe, expect, it } from 'vitest'
import { OptionError } from '../../../src/errors.js'
import { compareTexts } from '../../../src/semantic/text/compare.js'
import { createFrequencies } from '../../../src/semantic/text/frequencies.js'
import { BUILT_IN_GUARDS, type Guard, type GuardId, type GuardOptions, selectGuards } from '../../../src/semantic/text/guards.js'
import { profileOf } from '../../../src/semantic/text/profile.js'
import { vetoes } from './texts.js'

/** For each guard pairs that it refuses, and pairs as like as these that it lets pass. */
const CASES: Readonly<
  Record<GuardId, { refuses: readonly (readonly [string, string])[]; passes: readonly (readonly [string, string])[] }>
> = {
  numbers: {
    refuses: [
      ['What are the top 5 hotels?', 'What are the top 10 hotels?'],
      ['Who was the first president?', 'Who was the third president?'],
      ['split the bill among nineteen people', 'split the bill among twenty people'],
      ['solve 2x + 3 = 7', 'solve 3x + 2 = 7'],
      ['is 17 a prime', 'is 18 a prime'],
      ['¿dónde compro 5 manzanas?', '¿dónde compro 6 manzanas?'],
      ['is ١٢ a lucky number', 'is ١٣ a lucky number'],
      ['mix it with one part gin', 'mix it with two parts gin'],
      ['explain World War I in simple words', 'explain World War II in simple words'],
      ['how do I treat type i diabetes', 'how do I treat type ii diabetes'],
      ['install Python 3.10 here', 'install Python 3.1 here'],
    ],
    passes: [
      ['give me 5 tips', 'give me five tips'],
      ['a town of 12k people', 'a town of 12,000 people'],
      ['one million in words', '1,000,000 in words'],
      ['two hundred and forty-five pages', '245 pages'],
      ['the 2nd amendment', 'the second amendment'],
      ['what are the top hotels', 'what are the top 10 hotels'],
      ['which one is it', 'which is it'],
      ['is ١٢ a lucky number', 'is 12 a lucky number'],
      ['explain World War II', 'explain World War 2'],
      ['what did King Henry VIII do', 'what did King Henry 8th do'],
      ['what is one reason for it', 'what is the reason for it'],
    ],
  },
  units: {
    refuses: [
      ['run 5 km a day', 'run 5 miles a day'],
      ['remind me in 5 minutes', 'remind me in 5 hours'],
      ['what is 20 % of it', 'what is 25 % of it'],
      ['a disk of 500 GB', 'a disk of 500 MB'],
      ['bake at 200 degrees celsius', 'bake at 200 degrees fahrenheit'],
      ['a dose of 400 mg', 'a dose of 400 g'],
      ['is 5 mg too much', 'is 5 mcg too much'],
      ['is 5 mg too much', 'is 5 µg too much'],
      ['may I nap for an hour', 'may I nap for half an hour'],
      ['how many eggs a day', 'how many eggs a week'],
    ],
    passes: [
      ['a flight of 90 minutes', 'a flight of 1.5 hours'],
      ['lift 20kg', 'lift 20 kilograms'],
      ['20% of the people', 'twenty percent of the people'],
      ['run 5 km', 'run 5000 meters'],
      ['run 5 km', 'run 5'],
      ['may I nap for an hour', 'may I nap for 60 minutes'],
      ['is 5 µg too much', 'is 5 micrograms too much'],
      ['how often a day', 'how often per day'],
    ],
  },
  money: {
    refuses: [
      ['laptops for $500', 'laptops for $900'],
      ['I paid 5 USD', 'I paid 5 EUR'],
      ['invest $5k', 'invest $5m'],
    ],
    passes: [
      ['laptops for $500', 'laptops for 500 dollars'],
      ['invest €5k', 'invest 5000 euros'],
      ['it is 5 lbs', 'it is 5 pounds'],
    ],
  },
  dates: {
    refuses: [
      ['what happened on 2024-05-01', 'what happened on May 2nd, 2024'],
      ['alarm at 6 am', 'alarm at 6 pm'],
      ['meet at 10:15', 'meet at 10:30'],
      ['flights on 3/4/2026', 'flights on 4/3/2026'],
    ],
    passes: [
      ['what happened on 2024-05-01', 'what happened on May 1st, 2024'],
      ['what happened on 5 May', 'what happened on the 5th of May 2024'],
      ['alarm at six thirty am', 'alarm at 6:30 a.m.'],
      ['meeting at 3pm', 'meeting at 15:00'],
    ],
  },
  versions: {
    refuses: [
      ['what is new in v1.2.3', 'what is new in v1.2.4'],
      ['migrate to 2.0.1', 'migrate to 3.0.1'],
      ['what changed in version 2.10', 'what changed in version 2.1'],
    ],
    passes: [
      ['what is new in v1.2.3', 'what is new in 1.2.3'],
      ['what is new in v2', 'what is new in v2.0'],
      ['what is new in v2.0', 'what is new in version 2.0'],
    ],
  },
  identifiers: {
    refuses: [
      ['status of order ORD-12345', 'status of order ORD-12346'],
      ['status of order ORD-12345', 'status of my order'],
      ['who owns kim@example.com', 'who owns lee@example.com'],
      ['summarise https://example.org/a', 'summarise https://example.org/b'],
      ['what is in /etc/hosts/main', 'what is in /etc/fstab/main'],
      ['GPT-4 token limit', 'GPT-4o token limit'],
      ['job 7b0e9c52-1f7e-4a53-a111-0123456789ab', 'job 7b0e9c52-1f7e-4a53-a111-0123456789ac'],
      ['does USB-C support video', 'does USB-D support video'],
    ],
    passes: [
      ['status of order ORD-12345', 'What is the status of order ord-12345?'],
      ['how do I use gpt-4', 'how do I use it'],
    ],
  },
  negation: {
    refuses: [
      ['Can I cancel?', 'Can I not cancel?'],
      ['Is it legal to park here?', 'Is it illegal to park here?'],
      ['hotels with a pool', 'hotels without a pool'],
      ['which foods contain lactose', 'which foods do not contain lactose'],
      ['is it possible to swim', 'is it impossible to swim'],
      ['foods with lactose', 'lactose-free foods'],
      ['¿puedo cancelar mi pedido ahora?', '¿no puedo cancelar mi pedido ahora?'],
      ['comment activer le wifi sur mon téléphone', 'comment désactiver le wifi sur mon téléphone'],
      ['Кто может отменить заказ?', 'Кто не может отменить заказ?'],
      ['tell him I no longer want it', 'tell him I want it'],
      ['compile it if the tests pass', 'compile it unless the tests pass'],
      ['which plants are toxic', 'which plants are non-toxic'],
      ['Welche Lebensmittel enthalten Gluten?', 'Welche Lebensmittel enthalten kein Gluten?'],
      ['Quels aliments contiennent du gluten ?', 'Quels aliments ne contiennent pas de gluten ?'],
      ['Quais alimentos têm lactose?', 'Quais alimentos não têm lactose?'],
      ['kann ich die Bestellung ändern', 'kann ich die Bestellung nicht mehr ändern'],
    ],
    passes: [
      ['How do I reset my password?', "I don't know how to reset my password"],
      ['my card is not working', "why isn't my card working"],
      ['my card is broken', 'my card is not working'],
      ['How do I file taxes? No rush, thanks.', 'How do I file taxes?'],
      ['I cannot find the code', 'where do I find the code'],
      ['is it good or not', 'is it good'],
      ['I am unable to pay, help', 'I am not able to pay, help'],
      ['how do I commit a sin', 'how do I commit the sin'],
    ],
  },
  direction: {
    refuses: [
      ['flights from Paris to London', 'flights from London to Paris'],
      ['Is Python faster than Java?', 'Is Java faster than Python?'],
      ['dog bites man', 'man bites dog'],
      ['transfer money to my savings', 'transfer money from my savings'],
      ['how many ounces in a cup', 'how many cups in an ounce'],
      ['replace tabs with spaces', 'replace spaces with tabs'],
      ['does A depend on B here', 'does B depend on A here'],
      ['how do I subtract a from b', 'how do I subtract b from a'],
      ['can I sue my neighbour for his tree', 'can my neighbour sue me for my tree'],
      ['¿cuánto cuesta viajar de Madrid a Lima?', '¿cuánto cuesta viajar de Lima a Madrid?'],
      ['Quanto custa um voo de Lisboa para o Rio?', 'Quanto custa um voo do Rio para Lisboa?'],
    ],
    passes: [
      ['flights from Paris to London', 'flights to London from Paris'],
      ['difference between a lion and a tiger', 'difference between a tiger and a lion'],
      ['in Paris, where can I swim?', 'where can I swim in Paris?'],
      ['move from one account to another', 'move to another account'],
      ['compare Kafka with RabbitMQ', 'compare RabbitMQ with Kafka'],
      ['change the oil in my car', "change my car's oil"],
      ['my card was stolen, what should I do', 'what should I do, my card was stolen'],
      ['die Hunde und die Katzen füttern', 'die Katzen und die Hunde füttern'],
    ],
  },
  siblings: {
    refuses: [
      ['is it open on Monday', 'is it open on Tuesday'],
      ['How do I enable 2FA?', 'How do I disable 2FA?'],
      ['turn the kitchen lights on', 'turn the kitchen lights off'],
      ['write it in python', 'write it in rust'],
      ['the cheapest hotel', 'the most expensive hotel'],
      ['inflate the boat', 'deflate the boat'],
      ['what does the free plan include', 'what does the pro plan include'],
      ['is maths easy to learn', 'is maths hard to learn'],
      ['emails sent by Bob', 'emails sent to Bob'],
      ['weather in May in Rome', 'weather in June in Rome'],
      ['can my boss read my email', 'can my boss read his email'],
      ['show it to everyone', 'show it to no one'],
    ],
    passes: [
      ['How do I enable 2FA?', 'How do I turn on 2FA?'],
      ['is it open on Monday', 'is it open on mon'],
      ['is it open on Monday or Tuesday', 'is it open on Tuesday'],
      ['how do I lock in a rate', 'how do I lock in the rate'],
      ['how do I write python', 'how do I write code'],
    ],
  },
  replaced: {
    refuses: [
      ['what is the population of lima', 'what is the population of tallinn'],
      ['what are the symptoms of hepatitis A?', 'what are the symptoms of hepatitis B?'],
      ['does the Tesla Model 3 charge fast', 'does the Tesla Model Y charge fast'],
      ['how long does the iPhone 14 last', 'how long does the iPhone 14 Pro last'],
      ['how do I fly to san jose today', 'how do I fly to quito today'],
      ['what is the difference between == and ===', 'what is the difference between = and =='],
      ['what does x += 1 do', 'what does x -= 1 do'],
      ['what does the regex ^abc match', 'what does the regex abc match'],
      ['which port does http use', 'which port does https use'],
      ['Wie schalte ich den Ton ein?', 'Wie schalte ich den Ton aus?'],
      ['¿cuál es la capital de Paraguay?', '¿cuál es la capital de Uruguay?'],
      ['日本で一番高い山はどこですか', '日本で一番低い山はどこですか'],
      ['如何开启我的手机通知功能', '如何关闭我的手机通知功能'],
    ],
    passes: [
      ['how do I buy a ticket', 'how do I purchase a ticket'],
      ['how do I switch off the light', 'how do I turn off the light'],
      ['what is the largest city in Spain', 'what is the biggest city in Spain'],
      ['the best programing language', 'the best programming language'],
      ['is the cancellation free', 'is the cancel free'],
      ['how do I recieve money', 'how do I receive money'],
      ['my e-mail is wrong again', 'my email is wrong again'],
      ['how can I change my PIN', 'how do I change my PIN'],
      ['how much does shipping cost', 'how much does express shipping cost'],
      ['the pros & cons of it', 'the pros and cons of it'],
      ['wie kann ich das Passwort ändern', 'wie kann ich das Passwort ändern bitte'],
      ['what is a healthy breakfast', 'what is the healthy breakfast'],
    ],
  },
  names: {
    refuses: [
      ['Summarise the works of Ada Lovelace', 'Summarise the works of Alan Turing'],
      ['what is the population of Tallinn?', 'what is the population of Lima?'],
    ],
    passes: [
      ['Tell me about Napoleon Bonaparte', 'tell me about napoleon'],
      ['the policy of Hillary Clinton', 'the policy of Hilary Clinton'],
      ['what is the population of Tallinn?', 'how many people live in Tallinn?'],
      ['Where Does The President Live Now', 'Where Does The King Live Now'],
    ],
  },
  question: {
    refuses: [
      ['When was Ada Lovelace born?', 'Where was Ada Lovelace born?'],
      ['How often should I water it?', 'Why should I water it?'],
      ['Is my data encrypted at rest?', 'How is my data encrypted at rest?'],
      ['Should I refinance my house?', 'How do I refinance my house?'],
    ],
    passes: [
      ['How long does delivery take?', 'When does delivery happen?'],
      ["What's the reason for the sky being blue?", 'Why is the sky blue?'],
      ['What was she born for?', 'Which was she born for?'],
      ['Can I change my PIN?', 'How can I change my PIN?'],
      ['Is it possible to change it?', 'How is it changed?'],
    ],
  },
  code: {
    refuses: [
      ['what does `map()` do', 'what does `filter()` do'],
      ['explain ```\nf(a, b)\n```', 'explain ```\nf(b, a)\n```'],
      ['what is `Foo`', 'what is `foo`'],
      ['was macht `map()` und wie', 'was macht `filter()` und wie'],
    ],
    passes: [
      ['what does `map()` do', 'explain what `map()` does'],
      ['what does `map()` do', 'what does map() do'],
    ],
  },
  quotes: {
    refuses: [
      ['what does "break a leg" mean', 'what does "carpe diem" mean'],
      ["where does 'red herring' come from", "where does 'cold feet' come from"],
      ['translate “good evening”', 'translate “good night”'],
    ],
    passes: [
      ['what does "break a leg" mean', 'what does break a leg mean'],
      ['what does “break a leg” mean', "what does 'break a leg' mean"],
      ["what's the dogs' food", "what's the dogs' food made of"],
    ],
  },
  language: {
    refuses: [
      ['how do I change my password?', '¿cómo cambio mi contraseña?'],
      ['wie kann ich mein Passwort ändern', 'comment changer mon mot de passe sur le site'],
      ['как изменить пароль', 'how do I change the password'],
      ['如何更改密码', 'パスワードを変更するには'],
    ],
    passes: [
      ['netflix cancel', 'how do I cancel netflix'],
      ['how do I say bonjour', 'how does one say bonjour'],
    ],
  },
}

describe.each(Object.entries(CASES))('the guard %s', (id, { refuses, passes }) => {
  it.each(refuses)('refuses: %s | %s', (fresh, old) => {
    expect(vetoes(fresh, old)).toContain(id)
    expect(vetoes(old, fresh)).toContain(id)
  })

  it.each(passes)('lets pass: %s | %s', (fresh, old) => {
    expect(vetoes(fresh, old)).not.toContain(id)
    expect(vetoes(old, fresh)).not.toContain(id)
  })
})

it('every built-in guard has its cases', () => {
  expect(BUILT_IN_GUARDS.map(({ id }) => id).toSorted()).toEqual(Object.keys(CASES).toSorted())
})

describe('the option guards', () => {
  const shouting: Guard = {
    id: 'shouting',
    compare: (fresh, old) => (fresh.text.endsWith('!') !== old.text.endsWith('!') ? 'conflict' : undefined),
  }
  const refusedBy = (options: GuardOptions | undefined, fresh: string, old: string) =>
    compareTexts(profileOf(fresh), profileOf(old), createFrequencies(), selectGuards(options)).vetoes.map(({ guard }) => guard)

  it('is all built-in guards where it is not set', () => {
    expect(selectGuards(undefined)).toBe(BUILT_IN_GUARDS)
    expect(selectGuards({})).toEqual(BUILT_IN_GUARDS)
  })

  it('turns guards off and adds others', () => {
    expect(refusedBy({ off: ['numbers'] }, 'the top 5 hotels', 'the top 10 hotels')).toEqual([])
    expect(refusedBy({ off: ['numbers'], extra: [shouting] }, 'the top 5 hotels!', 'the top 10 hotels')).toEqual(['shouting'])
    expect(refusedBy({ extra: [shouting] }, 'the top 5 hotels!', 'the top 5 hotels!')).toEqual([])
  })

  it('takes a guard that throws for a conflict', () => {
    const broken: Guard = {
      id: 'broken',
      compare: () => {
        throw new Error('no')
      },
    }
    expect(refusedBy({ extra: [broken] }, 'the same', 'the same')).toEqual(['broken'])
  })

  it.each([
    [{ off: ['number'] }, 'ERR_OPTION_INVALID', 'did you mean "numbers"'],
    [{ off: 'numbers' }, 'ERR_OPTION_INVALID', 'semantic.guards.off is "numbers"; it must be an array'],
    [{ of: [] }, 'ERR_OPTION_UNKNOWN', 'did you mean "off"'],
    [{ extra: [{}] }, 'ERR_OPTION_INVALID', 'compare(fresh, old)'],
    [{ extra: [null] }, 'ERR_OPTION_INVALID', 'has null'],
    [{ extra: [{ ...shouting, id: 'No Spaces' }] }, 'ERR_OPTION_INVALID', 'a-z, 0-9'],
    [{ extra: [{ ...shouting, id: 'numbers' }] }, 'ERR_OPTION_INVALID', 'twice'],
    [{ extra: [shouting, shouting] }, 'ERR_OPTION_INVALID', 'twice'],
    ['off', 'ERR_OPTION_INVALID', 'it must be an object'],
  ])('is refused as %j', (options, code, message) => {
    let thrown: unknown
    try {
      selectGuards(options as GuardOptions)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(OptionError)
    expect(thrown).toMatchObject({ code, message: expect.stringContaining(message) as string })
  })
})
