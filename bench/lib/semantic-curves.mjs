// Precision against hit ratio, as SVG drawn by hand.

const WIDTH = 640
const HEIGHT = 420
const LEFT = 56
const BOTTOM = 44
const RIGHT = 16
const TOP = 36
const COLOURS = ['#1b6ca8', '#c0392b', '#2e8b57', '#8e44ad', '#b7791f']

/**
 * @param title above the picture
 * @param series [{ name, points: [{ hits, precision }], line }], shares of 0 to 1; `line` joins the points
 */
export function precisionCurves(title, series) {
  const points = series.flatMap((each) => each.points)
  const most = Math.min(1, Math.ceil(10 * Math.max(0.1, ...points.map(({ hits }) => hits))) / 10)
  const least = Math.max(0, Math.floor(20 * Math.min(0.95, ...points.map(({ precision }) => precision))) / 20)
  const x = (hits) => LEFT + ((WIDTH - LEFT - RIGHT) * hits) / most
  const y = (precision) => TOP + ((HEIGHT - TOP - BOTTOM) * (1 - precision)) / (1 - least)
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="20" font-size="14">${escaped(title)}</text>`,
    ...ticks(0, most, 5).map(
      (hits) =>
        `<text x="${x(hits)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${percent(hits)}</text><path d="M${x(hits)} ${TOP}V${HEIGHT - BOTTOM}" stroke="#ddd"/>`,
    ),
    ...ticks(least, 1, 5).map(
      (precision) =>
        `<text x="${LEFT - 6}" y="${y(precision) + 4}" text-anchor="end">${percent(precision)}</text><path d="M${LEFT} ${y(precision)}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
    ),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">hits, share of requests</text>`,
    `<text transform="translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">precision of hits</text>`,
    ...series.flatMap((each, index) => drawn(each, COLOURS[index % COLOURS.length], index, x, y)),
    '</svg>',
  ]
  return `${parts.join('\n')}\n`
}

function drawn({ name, points, line }, colour, index, x, y) {
  const sorted = [...points].sort((a, b) => a.hits - b.hits)
  const legend = HEIGHT - BOTTOM - 12 - 18 * index
  return [
    line && sorted.length > 1
      ? `<path d="M${sorted.map(({ hits, precision }) => `${fixed(x(hits))} ${fixed(y(precision))}`).join('L')}" fill="none" stroke="${colour}" stroke-width="1.5"/>`
      : '',
    ...sorted.map(
      ({ hits, precision }) => `<circle cx="${fixed(x(hits))}" cy="${fixed(y(precision))}" r="${line ? 2 : 4}" fill="${colour}"/>`,
    ),
    `<circle cx="${LEFT + 14}" cy="${legend - 4}" r="4" fill="${colour}"/><text x="${LEFT + 24}" y="${legend}">${escaped(name)}</text>`,
  ].filter((part) => part !== '')
}

function ticks(from, to, count) {
  return Array.from({ length: count + 1 }, (_, index) => from + ((to - from) * index) / count)
}

function percent(share) {
  return `${Number((100 * share).toFixed(1))} %`
}

function fixed(value) {
  return value.toFixed(1)
}

function escaped(text) {
  return text.replace(/[&<>]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[char])
}
