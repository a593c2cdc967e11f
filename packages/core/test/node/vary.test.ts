import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { joinVary } from '../../src/node/headers.js'

describe('Vary of a reply behind outer middleware', () => {
  it.each([
    ['Origin', 'Accept-Language', 'Origin, Accept-Language'],
    ['Origin, Accept-Language', 'accept-language, X-Tenant', 'Origin, Accept-Language, X-Tenant'],
    ['Accept-Language', 'Accept-Language', 'Accept-Language'],
    [['Origin', 'Accept-Encoding'], 'origin', 'Origin, Accept-Encoding'],
  ])('%s and %s', (outer, own, expected) => {
    const response = new ServerResponse(new IncomingMessage(new Socket()))
    response.setHeader('Vary', outer)
    expect(joinVary(response, [['Vary', own]])).toEqual([['Vary', expected]])
  })
})
