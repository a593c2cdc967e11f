import { expect, it } from 'vitest'
import * as node from '../../src/platform/node.js'
import * as web from '../../src/platform/web.js'
import { zstdContentSize } from '../../src/platform/zstd-frame.js'

it('both arms of the platform offer the same', () => {
  expect(Object.keys(web).sort()).toEqual(Object.keys(node).sort())
})

it.each<[string, string, number | undefined]>([
  ['one byte', '28b52ffd20050000', 5],
  ['two bytes', '28b52ffd6060e9a5', 0xe960 + 256],
  ['four bytes', '28b52ffda00000004003', 1024 ** 3],
  ['eight bytes', '28b52ffde0000000000100000003', 2 ** 32],
  ['behind a window and a dictionary', '28b52ffd825800010000001003', 0x1000_0000],
  ['none', '28b52ffd005803000000', undefined],
  ['none, behind a dictionary', '28b52ffd03580000000003', undefined],
  ['cut off', '28b52ffda0000000', undefined],
  ['another format', '1f8b0800000000000000', undefined],
  ['too short', '28b52ffd20', undefined],
])('the size of a zstd frame: %s', (_name, hex, size) => {
  expect(zstdContentSize(Buffer.from(hex, 'hex'))).toBe(size)
})
