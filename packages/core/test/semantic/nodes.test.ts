import { describe, expect, it } from 'vitest'
import { createNodeTable, type Node, type NodeTable } from '../../src/semantic/nodes.js'

function tableOf(most = 10): { readonly table: NodeTable; readonly evicted: string[] } {
  const evicted: string[] = []
  return { table: createNodeTable(most, ({ key }) => void evicted.push(key)), evicted }
}

function node(key: string, group = 'g', text = `The text of ${key}`): Node {
  return { key, entryId: `entry of ${key}`, namespace: 'n', text, group, owner: 'ann' }
}

describe('the table of nodes', () => {
  it('knows the nodes of a group for as long as they are there', () => {
    const { table, evicted } = tableOf(3)
    for (const key of ['a', 'b']) table.add(node(key))
    table.add(node('c', 'other'))
    expect(table.inGroup('g').map(({ key }) => key)).toEqual(['a', 'b'])
    expect(table.groupSize('g')).toBe(2)
    table.remove('a')
    expect(table.inGroup('g').map(({ key }) => key)).toEqual(['b'])
    table.add(node('b', 'other'))
    expect(table.groupSize('g')).toBe(0)
    expect(table.inGroup('g')).toEqual([])
    expect(table.groupSize('other')).toBe(2)
    for (const key of ['d', 'e']) table.add(node(key))
    expect(evicted).toEqual(['c'])
    expect(table.groupSize('other')).toBe(1)
  })

  it("keeps a node's words, and gives those of the prompt that is there now", () => {
    const { table } = tableOf()
    const words = (text: string): readonly string[] => {
      table.add(node('a', 'g', text))
      return table.wordsOf(table.get('a') as Node).stems
    }
    expect(words('freeze my card')).toContain('card')
    expect(table.wordsOf(table.get('a') as Node)).toBe(table.wordsOf(table.get('a') as Node))
    expect(words('transfer the money')).not.toContain('card')
    table.add(node('b'), { stems: ['given'], content: [] })
    expect(table.wordsOf(table.get('b') as Node)).toEqual({ stems: ['given'], content: [] })
    const gone = table.get('b') as Node
    table.remove('b')
    expect(table.wordsOf(gone).stems).toContain('text')
    table.add(node('b', 'g', 'another prompt'))
    expect(table.wordsOf(table.get('b') as Node).stems).not.toContain('text')
  })
})
