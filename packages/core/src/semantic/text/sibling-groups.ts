/**
 * Words of which one cannot stand for another. A group is a line: its name, then members separated by ' | ', the forms of a member by commas.
 * Words are compared by stem. A form of two words ('turn on') is also found with up to three words between ('turn the light on')
 * where its second word is a particle. `*` stands for the degrees of an adjective ('big*': big, bigger, biggest).
 */

export interface SiblingGroup {
  readonly name: string
  /** True where different members are a refusal, not only a feature. */
  readonly strict: boolean
  /** Forms by member. */
  readonly members: readonly (readonly string[])[]
}

/** Closed sets and opposites: where two texts name different members, they ask for different things. */
const STRICT = `
weekday: monday,mon | tuesday,tue,tues | wednesday,wed | thursday,thu,thur,thurs | friday,fri | saturday,sat | sunday,sun
month: january,jan | february,feb | march | april,apr | in may,of may,for may,last may,next may,since may,until may,by may | june,jun | july,jul | august,aug | september,sep,sept | october,oct | november,nov | december,dec
time-frame: today,tonight | tomorrow | yesterday | this week | next week | last week | this month | next month | last month | this year | next year | last year
season: summer | winter | autumn | spring
part-of-day: morning | afternoon | evening | night
period: hourly | daily | weekly | biweekly | monthly | quarterly | yearly,annual,annually
currency: usd,dollar,$ | eur,euro,€ | gbp,pound,sterling,£ | jpy,yen,¥ | inr,rupee,₹ | krw | rub,ruble,rouble | btc,bitcoin | cny,yuan,rmb,renminbi | chf,franc | cad | aud | nzd | sek | nok | dkk | pln,zloty | brl | mxn,peso | eth,ethereum | aed,dirham | sgd | hkd | try,lira | zar,rand
programming-language: python | java | javascript,js | typescript,ts | ruby | golang,in go,go function,go program,go code,using go,go module | rust | kotlin | swift | php | perl | scala | haskell | c++,cpp | c#,csharp | matlab | fortran | cobol | elixir | clojure | lua | bash,shell | powershell | sql | erlang | julia | dart | f# | objective-c
power: enable,activate,reactivate,turn on,switch on,power on | disable,deactivate,turn off,switch off,power off,shut off,shut down
trade: buy,purchase | sell
change: increase,raise,boost,maximize | decrease,reduce,lower,minimize,cut
volume: turn up,louder | turn down,quieter
extreme: maximum,max,highest,largest,biggest,longest,upper | minimum,min,lowest,smallest,shortest
comparison: higher,greater,larger,bigger | lower,smaller,lesser
order: before,pre | after,post
transfer: upload | download
carry: import | export
log: log in,login,sign in,signin | log out,logout,log off,sign out,signout,sign off,logoff
access: install,reinstall | uninstall
tier: free | basic | starter | standard | plus | team | premium | pro | business | enterprise | gold | silver | platinum | bronze | ultimate
system: windows | macos,mac,osx | linux,ubuntu | android | ios,iphone,ipad
arithmetic: plus,sum,+ | minus,- | multiply,times,product,* | divide,quotient
plus-or-minus: add,addition | subtract,subtraction
cryptography: encrypt,encryption | decrypt,decryption
coding: encode,encoder | decode,decoder
packing: compress,zip | decompress,unzip,extract
horizontal: left | right
vertical: top | bottom
compass: north,northern | south,southern | east,eastern | west,western
colour: red | blue | green | yellow | orange | purple | pink | black | white | brown | gray,grey | beige | turquoise
temperature-scale: celsius,centigrade | fahrenheit | kelvin
length-unit: kilometer,km | mile | meter | centimeter,cm | inch | feet,ft | yard | millimeter,mm
mass-unit: kilogram,kg,kilo | gram | lb,pound | ounce,oz | tonne,ton | stone
volume-unit: liter | gallon | pint | milliliter,ml | cup | tablespoon,tbsp | teaspoon,tsp
data-unit: kilobyte,kb | megabyte,mb | gigabyte,gb | terabyte,tb
gender: male,man,boy,husband,father,dad,son,brother,uncle | female,woman,girl,wife,mother,mom,mum,daughter,sister,aunt
family: husband,wife,spouse | father,mother,parent,dad,mom,mum | son,daughter,child | brother,sister,sibling | uncle,aunt | grandfather,grandmother
format: json | xml | yaml | csv | pdf | html | markdown | docx | xlsx,excel | png | jpg,jpeg | gif | svg | mp3 | mp4 | wav
tense: past | present | future
language: english | french | spanish | german | italian | portuguese | dutch | russian | chinese,mandarin,cantonese | japanese | korean | arabic | hindi | turkish | polish | swedish | norwegian | danish | finnish | greek | hebrew | latin | vietnamese | thai | ukrainian | czech | hungarian | romanian | indonesian | bengali | urdu | persian,farsi | swahili | irish | welsh | tamil | tagalog
flow: deposit | withdraw,withdrawal
loan: borrow | lend
state: legal | illegal
sequence: ascending | descending
mute: mute,silence | unmute
block: block,ban | unblock,unban
lock: lock,freeze | unlock,unfreeze
follow: follow | unfollow
subscribe: subscribe | unsubscribe
account: credit | debit
open: open | close,shut
dimension: length,long | width,wide | height,tall | depth,deep | weight,heavy | area | volume
create: create | delete,remove,erase,drop | update,edit,modify,change
row: row | column
booking: book,reserve,order | cancel
consent: accept,approve,confirm,allow,permit,enable | reject,decline,deny,refuse,forbid,prohibit
travel: arrive,arrival | depart,departure
degree: more | less,few,fewer
most: most | least,fewest
rank: best,top | worst
size: big*,large*,huge | small*,tiny*,little
height: tall*,high* | short*,low*
length: long* | short*
safety: safe*,secure | dangerous,unsafe,risky*
speed: fast*,quick*,rapid | slow*
age: new*,young* | old*
price: cheap*,inexpensive,affordable | expensive,costly*,pricey,pricier,priciest
heat: hot*,warm* | cold*,cool*
weight: heavy* | light*
strength: strong* | weak*
wealth: rich* | poor*
thickness: thick* | thin*
wetness: wet* | dry*
depth: deep* | shallow*
width: wide*,broad* | narrow*
loudness: loud* | quiet*,silent
near: near*,close by | far,farthest
polarity: positive | negative
outcome: win | lose
profit: profit,benefit,advantage,pros | loss,drawback,disadvantage,cons
connection: connect,attach | disconnect,detach
show: show,display | hide
extent: expand | collapse,shrink
often: always | never | sometimes
truth: true | false
above: above | below,beneath,under
presence: include | exclude,except
feeling: love,like | hate,dislike
success: succeed,success | fail,failure
supply: supply | demand
cause: cause | effect | symptom | treatment,cure
question: problem | solution
public: public | private
remote: remote | onsite
online: online | offline
indoors: indoor | outdoor
vertebrae: first | last,final
single: single | married | divorced
plural: singular | plural
voice: active | passive
number: even | odd
convexity: convex | concave
import-tax: gross | net
side: front | back
polar: arctic | antarctic
hemisphere: interior,internal,inside | exterior,external,outside
manual: manual | automatic
wired: wired | wireless
permanent: permanent | temporary
formal: formal | informal,casual
adult: adult | child,kid,minor
fee: free | paid,paying
right: grant | revoke
greeting: hello,hi | goodbye,bye
plant: fruit | vegetable
zodiac: aries | taurus | gemini | virgo | libra | scorpio | sagittarius | capricorn | aquarius | pisces | leo
officer: ceo | cfo | cto | coo | cmo
begin: start,begin | end,finish
whom: everyone,everybody | nobody,no one
departure-board: takeoff | landing
person-of-trade: buyer,customer | seller,vendor
sender: sender | recipient,receiver
employer: employer | employee
teacher: teacher | student
landlord: landlord | tenant
lender: lender | borrower
tutor: doctor | nurse | patient | dentist
meal: breakfast | lunch | dinner,supper
animal: dog,puppy | cat,kitten | horse | cow | pig | bird | fish | rabbit | hamster | snake | elephant | lion | tiger | bear | monkey
drink: coffee | tea | beer | wine | juice | milk | water | soda | whiskey | vodka
fruit: apple | banana | grape | strawberry | mango | pear | peach | lemon | orange | pineapple | cherry
grain: rice | pasta | bread | quinoa | oat
vegetable: potato | tomato | carrot | onion | spinach | broccoli
meat: chicken | beef | pork | lamb | turkey | tofu | salmon | tuna | shrimp
card: visa | mastercard | amex
vehicle: car | bus | train | plane,airplane,flight | bike,bicycle | boat,ship | truck | motorcycle
room: kitchen | bedroom | bathroom | garage | living room | dining room | basement | attic
device: laptop | tablet | desktop | smartwatch
media: song | album | playlist | podcast | audiobook
subject: physics | chemistry | biology | mathematics,math | history | geography | economics | psychology | philosophy
planet: mercury | venus | earth | mars | jupiter | saturn | uranus | neptune | pluto
element: hydrogen | helium | oxygen | nitrogen | carbon | iron | gold | silver | copper | lead | uranium | sodium | zinc | aluminum
shape: circle | square | triangle | rectangle | sphere | cube | cone | cylinder
sport: football | soccer | basketball | baseball | tennis | golf | hockey | cricket | rugby | volleyball | badminton
instrument: guitar | piano | violin | drum | flute | trumpet | cello
organ: heart | liver | lung | kidney | brain | stomach
database: mysql | postgresql,postgres | mongodb,mongo | redis | sqlite | oracle | mariadb | cassandra | dynamodb
framework: react | angular | vue | svelte | django | flask | rails | laravel | express | nextjs | fastapi | spring
cloud: aws | azure | gcp
browser: chrome | firefox | safari | edge | opera
method: get | post | put | patch | delete
company: google | apple | microsoft | amazon | facebook,meta | netflix | tesla | twitter | uber | spotify | samsung | sony | nvidia | intel | amd | ibm | oracle | paypal | ebay
country: usa,america,united states | uk,britain,england,united kingdom | france | germany | italy | spain | portugal | netherlands,holland | belgium | switzerland | austria | poland | russia | ukraine | china | japan | korea | india | pakistan | bangladesh | australia | canada | mexico | brazil | argentina | chile | peru | colombia | egypt | nigeria | kenya | turkey | greece | sweden | norway | denmark | finland | ireland | israel | iran | iraq | thailand | vietnam | indonesia | malaysia | singapore | philippines | ghana | morocco | ethiopia | hungary | romania | scotland | iceland | cuba | nepal | afghanistan | syria | new zealand | south africa | saudi arabia
city: london | paris | berlin | madrid | rome | tokyo | beijing | shanghai | moscow | delhi | mumbai | sydney | melbourne | toronto | vancouver | chicago | boston | seattle | dallas | houston | denver | miami | atlanta | lisbon | vienna | amsterdam | brussels | dublin | oslo | stockholm | copenhagen | helsinki | athens | istanbul | cairo | dubai | bangkok | seoul | new york,nyc | los angeles | san francisco | san diego | las vegas | hong kong | barcelona | munich | milan | zurich | geneva | prague | warsaw | budapest | manila | jakarta | portland | phoenix | philadelphia | detroit | bangalore | kyoto | osaka | manchester | liverpool | hamburg | frankfurt | orlando
american-state: california | texas | florida | alaska | hawaii | ohio | nevada | oregon | arizona | colorado | michigan | virginia | utah | illinois | georgia | alabama
continent: africa | asia | europe | antarctica | north america | south america
nationality: american | british | french | german | italian | spanish | chinese | japanese | indian | russian | canadian | australian | mexican | brazilian | korean | dutch | greek | turkish | irish
`

/** Words with more senses than one, and function words: what they say is a feature alone. */
const LOOSE = `
pass: pass | fail
running: start,begin,launch,resume | stop,quit,pause,end
force: push | pull
staffing: hire | fire
value: good,great | bad,poor
difficulty: easy*,simple*,effortless | hard*,difficult,complicated
make: make,add,insert | delete,remove,cancel | stop,quit
direction: send | receive
inside: in | out
above: over | under
from: from | to
at: on | off
up: up | down
sides: with | without
frame: this | next | last,previous
timing: within,by | after,beyond
while: before | after | during
condition: if,when | unless
possessor: my,our | his | her | their
subject: he | she
agent: by | to
limit: under,below | over,above
time-unit: second | minute | hour | day | week | month | quarter | year | decade | century
reach: each,every,all | any,some | none
quantity: all | some
half: full | half | empty
leave: come | go | leave | stay
give: give | take | get
ask: ask | answer
`

export const SIBLING_GROUPS: readonly SiblingGroup[] = [...parse(STRICT, true), ...parse(LOOSE, false)]

function parse(text: string, strict: boolean): SiblingGroup[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const at = line.indexOf(': ')
      const members = line.slice(at + 2).split(' | ')
      return { name: line.slice(0, at), strict, members: members.map((forms) => forms.split(',').flatMap(degrees)) }
    })
}

/** An adjective that ends in `*`, with its comparative and its superlative. */
function degrees(form: string): readonly string[] {
  if (!form.endsWith('*')) return [form]
  const word = form.slice(0, -1)
  const base = word.endsWith('e')
    ? word.slice(0, -1)
    : word.endsWith('y')
      ? `${word.slice(0, -1)}i`
      : /[^aeiou][aeiou][^aeiouwxy]$/.test(word)
        ? `${word}${word.at(-1)}`
        : word
  return [word, `${base}er`, `${base}est`]
}
