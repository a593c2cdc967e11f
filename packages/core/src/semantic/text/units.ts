/** Units of measure and currencies, by every name that people write. */

export interface Unit {
  /** Quantities of one dimension are comparable. */
  readonly dimension: string
  /** How many base units. */
  readonly factor: number
  /** Added after the factor, for temperatures. */
  readonly offset?: number
}

const TABLE: readonly (readonly [dimension: string, factor: number, names: string])[] = [
  ['length', 1, 'meter meters metre metres'],
  ['length', 0.01, 'cm centimeter centimeters centimetre centimetres'],
  ['length', 0.001, 'mm millimeter millimeters millimetre millimetres'],
  ['length', 1000, 'km kms kilometer kilometers kilometre kilometres'],
  ['length', 1609.344, 'mi mile miles'],
  ['length', 0.9144, 'yd yard yards'],
  ['length', 0.3048, 'ft foot feet'],
  ['length', 0.0254, 'inch inches "'],
  ['length', 1852, 'nmi'],
  ['mass', 1, 'g gram grams gramme grammes'],
  ['mass', 0.001, 'mg milligram milligrams'],
  ['mass', 1e-6, 'ug mcg microgram micrograms'],
  ['mass', 1000, 'kg kgs kilo kilos kilogram kilograms'],
  ['mass', 1e6, 'tonne tonnes ton tons'],
  ['mass', 453.59237, 'lb lbs pounds-mass'],
  ['mass', 28.349523, 'oz ounce ounces'],
  ['mass', 6350.29318, 'stone stones'],
  ['volume', 1, 'l liter liters litre litres'],
  ['volume', 0.001, 'ml milliliter milliliters millilitre millilitres'],
  ['volume', 0.01, 'cl centiliter centilitre'],
  ['volume', 3.785412, 'gal gallon gallons'],
  ['volume', 0.473176, 'pint pints'],
  ['volume', 0.946353, 'quart quarts'],
  ['volume', 0.236588, 'cup cups'],
  ['volume', 0.0147868, 'tbsp tablespoon tablespoons'],
  ['volume', 0.00492892, 'tsp teaspoon teaspoons'],
  ['time', 1, 's sec secs second seconds'],
  ['time', 0.001, 'ms msec millisecond milliseconds'],
  ['time', 1e-6, 'us µs microsecond microseconds'],
  ['time', 1e-9, 'ns nanosecond nanoseconds'],
  ['time', 60, 'min mins minute minutes'],
  ['time', 3600, 'h hr hrs hour hours'],
  ['time', 86400, 'd day days'],
  ['time', 604800, 'wk wks week weeks'],
  ['time', 1209600, 'fortnight fortnights'],
  ['month', 1, 'mo month months'],
  ['month', 12, 'y yr yrs year years'],
  ['month', 120, 'decade decades'],
  ['month', 1200, 'century centuries'],
  ['data', 1, 'byte bytes'],
  ['data', 0.125, 'bit bits'],
  ['data', 2 ** 10, 'kb kib kilobyte kilobytes'],
  ['data', 2 ** 20, 'mb mib megabyte megabytes'],
  ['data', 2 ** 30, 'gb gib gig gigs gigabyte gigabytes'],
  ['data', 2 ** 40, 'tb tib terabyte terabytes'],
  ['data', 2 ** 50, 'pb petabyte petabytes'],
  ['rate', 1e3, 'kbps kbit/s'],
  ['rate', 1e6, 'mbps mbit/s'],
  ['rate', 1e9, 'gbps gbit/s'],
  ['frequency', 1, 'hz hertz'],
  ['beat', 1, 'bpm'],
  ['turn', 1, 'rpm'],
  ['loudness', 1, 'db decibel decibels'],
  ['parts', 1, 'ppm'],
  ['pressure', 1, 'psi'],
  ['dose', 1, 'iu'],
  ['frequency', 1e3, 'khz kilohertz'],
  ['frequency', 1e6, 'mhz megahertz'],
  ['frequency', 1e9, 'ghz gigahertz'],
  ['speed', 1, 'km/h kmh kph'],
  ['speed', 1.609344, 'mph'],
  ['speed', 3.6, 'm/s'],
  ['power', 1, 'w watt watts'],
  ['power', 1000, 'kw kilowatt kilowatts'],
  ['power', 1e6, 'mw megawatt megawatts'],
  ['power', 745.7, 'hp horsepower'],
  ['energy', 1, 'j joule joules'],
  ['energy', 3.6e6, 'kwh'],
  ['energy', 4184, 'kcal calorie calories cal'],
  ['voltage', 1, 'v volt volts'],
  ['current', 1, 'amp amps ampere amperes'],
  ['area', 1, 'sqm m²'],
  ['area', 0.092903, 'sqft'],
  ['area', 4046.856, 'acre acres'],
  ['area', 10000, 'ha hectare hectares'],
  ['screen', 1, 'px pixel pixels'],
  ['screen-pt', 1, 'pt'],
  ['screen-em', 1, 'em rem'],
  ['kelvin', 1, 'kelvin kelvins'],
  ['share', 1, '% percent pct percentage'],
  ['angle', 1, '° degree degrees deg'],
]

const MONEY: readonly (readonly [currency: string, names: string])[] = [
  ['usd', '$ usd dollar dollars buck bucks us$'],
  ['eur', '€ eur euro euros'],
  ['gbp', '£ gbp pound pounds quid sterling'],
  ['jpy', '¥ jpy yen'],
  ['inr', '₹ inr rupee rupees'],
  ['krw', '₩ krw won'],
  ['rub', '₽ rub ruble rubles rouble roubles'],
  ['btc', '₿ btc bitcoin bitcoins'],
  ['cny', 'cny rmb yuan renminbi'],
  ['chf', 'chf franc francs'],
  ['cad', 'cad'],
  ['aud', 'aud'],
  ['nzd', 'nzd'],
  ['sek', 'sek'],
  ['nok', 'nok'],
  ['dkk', 'dkk'],
  ['pln', 'pln zloty'],
  ['brl', 'brl real reais'],
  ['mxn', 'mxn peso pesos'],
  ['zar', 'zar rand'],
  ['try', 'try lira'],
  ['eth', 'eth ether'],
  ['cent', 'cent cents ¢'],
]

/** Unit of measure by its lower-case name. */
export const UNITS: ReadonlyMap<string, Unit> = new Map([
  ...TABLE.flatMap(([dimension, factor, names]) => names.split(' ').map((name): [string, Unit] => [name, { dimension, factor }])),
  ...'celsius centigrade °c c'.split(' ').map((name): [string, Unit] => [name, { dimension: 'temperature', factor: 1 }]),
  ...'fahrenheit °f f'.split(' ').map((name): [string, Unit] => [name, { dimension: 'temperature', factor: 5 / 9, offset: -160 / 9 }]),
])

/** ISO 4217 code in lower case by any name of the currency. */
export const CURRENCIES: ReadonlyMap<string, string> = new Map(
  MONEY.flatMap(([currency, names]) => names.split(' ').map((name): [string, string] => [name, currency])),
)

/** Short names that are words or letters on their own: units only when they are written next to a figure, without a space. */
export const ATTACHED_ONLY: ReadonlySet<string> = new Set(
  's d y v w j c f mo em rem pt us cal mi ha real won try rand stone cup "'.split(' '),
)

export const MAGNITUDES: ReadonlyMap<string, number> = new Map(
  Object.entries({
    k: 1e3,
    thousand: 1e3,
    thousands: 1e3,
    grand: 1e3,
    lakh: 1e5,
    lakhs: 1e5,
    mn: 1e6,
    mio: 1e6,
    million: 1e6,
    millions: 1e6,
    mil: 1e6,
    crore: 1e7,
    crores: 1e7,
    bn: 1e9,
    billion: 1e9,
    billions: 1e9,
    trillion: 1e12,
    trillions: 1e12,
    dozen: 12,
    hundred: 100,
    hundreds: 100,
  }),
)
