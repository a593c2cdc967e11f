/**
 * Words of which one cannot stand for another. A group is a line: its name, then members separated by ' | ', the forms of a member by commas.
 * Words are compared by stem. A form of two words ('turn on') is also found with up to three words between ('turn the light on')
 * where its second word is a particle.
 */

export interface SiblingGroup {
  readonly name: string
  /** True where different members are a refusal, not only a feature. */
  readonly strict: boolean
  /** Forms by member. */
  readonly members: readonly (readonly string[])[]
}

/** Closed sets: where two texts name different members, they ask for different things. */
const STRICT = `
weekday: monday,mon | tuesday,tue,tues | wednesday,wed | thursday,thu,thur,thurs | friday,fri | saturday,sat | sunday,sun
month: january,jan | february,feb | march | april,apr | june,jun | july,jul | august,aug | september,sep,sept | october,oct | november,nov | december,dec
day: today,tonight | tomorrow | yesterday
season: summer | winter | autumn | spring
part-of-day: morning,am | afternoon | evening,night,pm
period: hourly | daily | weekly | monthly | quarterly | yearly,annual,annually
currency: usd,dollar,$ | eur,euro,€ | gbp,pound,sterling,£ | jpy,yen,¥ | inr,rupee,₹ | krw | rub,ruble,rouble | btc,bitcoin | cny,yuan,rmb,renminbi | chf,franc | cad | aud | nzd | sek | nok | dkk | pln,zloty | brl | mxn,peso | eth,ethereum | aed,dirham
programming-language: python | java | javascript,js | typescript,ts | ruby | golang | rust | kotlin | swift | php | perl | scala | haskell | c++,cpp | c#,csharp | matlab | fortran | cobol | elixir | clojure | lua | bash,shell | powershell | sql
power: enable,activate,turn on,switch on,power on | disable,deactivate,turn off,switch off,power off,shut off
trade: buy,purchase | sell
change: increase,raise,boost,maximize | decrease,reduce,lower,minimize
volume: turn up | turn down
extreme: maximum,max,highest,largest,biggest | minimum,min,lowest,smallest
order: before | after
transfer: upload | download
carry: import | export
log: log in,login,sign in,signin | log out,logout,log off,sign out,signout,sign off,logoff
access: install | uninstall
tier: free | basic | starter | premium | pro | enterprise | gold | silver | platinum | bronze
system: windows | macos,mac,osx | linux,ubuntu | android | ios,iphone,ipad
arithmetic: add,plus,sum,+ | subtract,minus,difference | multiply,times,product,* | divide,quotient
cryptography: encrypt | decrypt
coding: encode | decode
packing: compress,zip | decompress,unzip
horizontal: left | right
vertical: top | bottom
compass: north,northern | south,southern | east,eastern | west,western
colour: red | blue | green | yellow | orange | purple | pink | black | white | brown | gray,grey
temperature-scale: celsius,centigrade | fahrenheit | kelvin
length-unit: kilometer,km | mile | meter | centimeter,cm | inch | foot,ft | yard | millimeter,mm
mass-unit: kilogram,kg,kilo | gram | lb | ounce,oz | tonne,ton | stone
volume-unit: liter | gallon | pint | milliliter,ml | cup | tablespoon,tbsp | teaspoon,tsp
data-unit: kilobyte,kb | megabyte,mb | gigabyte,gb | terabyte,tb
gender: male,man,boy,husband,father,son,brother,uncle | female,woman,girl,wife,mother,daughter,sister,aunt
format: json | xml | yaml | csv | pdf | html | markdown | docx | xlsx,excel | png | jpg,jpeg | gif | svg | mp3 | mp4 | wav
tense: past | present | future
language: english | french | spanish | german | italian | portuguese | dutch | russian | chinese,mandarin,cantonese | japanese | korean | arabic | hindi | turkish | polish | swedish | norwegian | danish | finnish | greek | hebrew | latin | vietnamese | thai | ukrainian | czech | hungarian | romanian | indonesian | bengali | urdu | persian,farsi | swahili
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
`

/** Opposites and kinds with more than one sense: they weigh as features. */
const LOOSE = `
open: open | close,shut
begin: start,begin,launch | stop,end,finish,terminate,quit
create: create,make,add,insert | delete,remove,cancel,erase,drop | update,edit,modify
booking: book,reserve,order | cancel
pass: accept,approve,confirm,allow,permit | reject,decline,deny,refuse,forbid,prohibit
direction: send | receive
arrival: arrive,arrival | depart,departure,leave
degree: more | less,few
size: big,large,huge | small,tiny,little
height: tall,high | short,low
speed: fast,quick,rapid | slow
age: new,young | old
value: good,great | bad,poor
rank: best | worst
price: cheap,cheapest,inexpensive,affordable | expensive,costly,priciest
heat: hot,warm | cold,cool
hardness: easy,simple | hard,difficult,complicated
weight: heavy | light
first: first | last,final
near: near,nearest,close by | far,farthest
polarity: positive | negative
gain: gain,win | lose
profit: profit,benefit,advantage,pro | loss,drawback,disadvantage,con
safety: safe,secure | dangerous,unsafe,risky
connection: connect,attach,join | disconnect,detach,leave
show: show,display | hide
expand: expand,extend | collapse,shrink
often: always | never | sometimes
truth: true | false
sides: with | without
inside: inside,in | outside,out
above: above,over | below,under,beneath
from: from | to
at: on | off
up: up | down
presence: include | exclude,except
love: love,like | hate,dislike
sender: sender | recipient,receiver
employer: employer | employee
teacher: teacher | student
doctor: doctor | nurse | patient | dentist
landlord: landlord | tenant
seller: buyer,customer | seller,vendor
meal: breakfast | lunch | dinner,supper
animal: dog,puppy | cat,kitten | horse | cow | pig | bird | fish | rabbit | hamster | snake
drink: coffee | tea | beer | wine | juice | milk | water | soda
fruit: apple | banana | grape | strawberry | mango | pear | peach | lemon
meat: chicken | beef | pork | lamb | turkey | tofu
number-of-people: single | married | divorced
card: visa | mastercard | amex
vehicle: car | bus | train | plane,airplane,flight | bike,bicycle | boat,ship | truck | motorcycle
room: kitchen | bedroom | bathroom | living room | garage | office
device: laptop | tablet | desktop | smartwatch
music: song | album | playlist | podcast | audiobook
science: physics | chemistry | biology | mathematics,math | history | geography | economics | psychology | philosophy
planet: mercury | venus | earth | mars | jupiter | saturn | uranus | neptune | pluto
element: hydrogen | helium | oxygen | nitrogen | carbon | iron | gold | silver | copper | lead | uranium
sport: football | soccer | basketball | baseball | tennis | golf | hockey | cricket | rugby | volleyball
database: mysql | postgresql,postgres | mongodb | redis | sqlite | oracle | mariadb | cassandra
framework: react | angular | vue | svelte | django | flask | rails | laravel | express | nextjs
cloud: aws | azure | gcp
browser: chrome | firefox | safari | edge | opera
company: google | apple | microsoft | amazon | facebook,meta | netflix | tesla | twitter | uber | spotify | samsung | sony | nvidia | intel | amd | ibm
country: usa,us,america,united states | uk,britain,england,united kingdom | france | germany | italy | spain | portugal | netherlands,holland | belgium | switzerland | austria | poland | russia | ukraine | china | japan | korea | india | pakistan | bangladesh | australia | canada | mexico | brazil | argentina | chile | peru | colombia | egypt | nigeria | kenya | turkey | greece | sweden | norway | denmark | finland | ireland | israel | iran | iraq | thailand | vietnam | indonesia | malaysia | singapore | philippines | ghana | morocco | ethiopia | hungary | romania
city: london | paris | berlin | madrid | rome | tokyo | beijing | shanghai | moscow | delhi | mumbai | sydney | melbourne | toronto | vancouver | chicago | boston | seattle | dallas | houston | denver | miami | atlanta | lisbon | vienna | amsterdam | brussels | dublin | oslo | stockholm | copenhagen | helsinki | athens | istanbul | cairo | dubai | bangkok | seoul | new york,nyc | los angeles,la | san francisco | san diego | las vegas | hong kong | barcelona | munich | milan | zurich | geneva | prague | warsaw | budapest | manila | jakarta | austin | portland | phoenix | philadelphia | detroit
nationality: american | british | french | german | italian | spanish | chinese | japanese | indian | russian | canadian | australian | mexican | brazilian | korean | dutch | greek | turkish | irish
`

export const SIBLING_GROUPS: readonly SiblingGroup[] = [...parse(STRICT, true), ...parse(LOOSE, false)]

function parse(text: string, strict: boolean): SiblingGroup[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const at = line.indexOf(': ')
      return {
        name: line.slice(0, at),
        strict,
        members: line
          .slice(at + 2)
          .split(' | ')
          .map((forms) => forms.split(',')),
      }
    })
}
