/** Words whose parts tell that they are opposites, whatever the rest of them means. */

const PREFIXES = pairs(
  'in/de in/ex im/ex en/de en/dis as/dis at/de up/down over/under pre/post hyper/hypo macro/micro maxi/mini intro/extro inter/intra',
)
const MORE_PREFIXES = pairs('ante/post mono/poly homo/hetero intra/extra endo/exo sub/super pro/anti')
const ENDINGS = pairs('er/ee or/ee ful/less')
/** Letters that must be the same in both. */
const SHARED = 3

/** True for 'inflate' and 'deflate', 'employer' and 'employee', 'useful' and 'useless'. Stems or words. */
export function isContrary(a: string, b: string): boolean {
  return differsBy(a, b, PREFIXES, 'start') || differsBy(a, b, MORE_PREFIXES, 'start') || differsBy(a, b, ENDINGS, 'end')
}

type Pair = readonly [string, string]

function differsBy(a: string, b: string, list: readonly Pair[], side: 'start' | 'end'): boolean {
  return list.some(([one, other]) => fits(a, b, one, other, side) || fits(b, a, one, other, side))
}

function fits(a: string, b: string, one: string, other: string, side: 'start' | 'end'): boolean {
  if (a.length - one.length !== b.length - other.length || a.length - one.length < SHARED) return false
  if (side === 'start') return a.startsWith(one) && b.startsWith(other) && a.slice(one.length) === b.slice(other.length)
  return a.endsWith(one) && b.endsWith(other) && a.slice(0, -one.length) === b.slice(0, -other.length)
}

function pairs(text: string): readonly Pair[] {
  return text.split(' ').map((pair) => pair.split('/') as [string, string])
}
