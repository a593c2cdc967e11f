/** Words that mean the same in nearly every prompt. Near synonyms are left to the embedder: 'verify' is not 'confirm' everywhere. */

import { stem } from './stem.js'

/** The first of a line stands for all of it. */
const GROUPS = `
buy purchase
fix repair mend
start begin commence
finish complete
phone telephone cellphone smartphone
picture photo photograph image pic
choose select pick
large big
larger bigger
largest biggest
faster quicker
fastest quickest
often frequently
film movie
vacation holiday
car automobile
assist aid
job occupation
fast quick rapid speedy
mistake error
easy simple
child kid
mother mom mum mommy
father dad daddy
doctor physician
sick ill
wrong incorrect
try attempt
delete remove erase
change alter modify
locate find
glad happy
cheap inexpensive
expensive costly pricey
website site webpage
app application
reply response
tv television
fridge refrigerator
bike bicycle
plane airplane aeroplane aircraft
metro subway underground
salary wage
lawyer attorney
trousers pants
garbage trash rubbish
gasoline petrol
taxi cab
shop store
grey gray
colleague coworker
maths math mathematics
abroad overseas
method approach
benefit advantage
drawback disadvantage downside
bug defect
database db
config configuration
repo repository
docs documentation
auth authentication
env environment
admin administrator
`

const FIRST: ReadonlyMap<string, string> = canonical()

/** The stem that stands for this one: itself, or that of its synonym. */
export function synonymOf(stemmed: string): string {
  return FIRST.get(stemmed) ?? stemmed
}

function canonical(): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const line of GROUPS.trim().split('\n')) {
    const [first = '', ...others] = line.split(' ').map(stem)
    for (const other of others) if (other !== first && !found.has(other) && !found.has(first)) found.set(other, first)
  }
  return found
}
