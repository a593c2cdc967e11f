/** The vectors of one namespace. */

import type { VectorMatch, VectorQuery } from '../ports.js'
import type { SignatureBlocks } from './blocks.js'
import { BLOCK_SIZE, SIGNATURE_BYTES } from './layout.js'
import { createNearestItems, type NearestItems } from './nearest-items.js'
import { createPage, type Page } from './page.js'
import type { Sign } from './rotation.js'
import { type Centre, createSignedVectors, type SignedVectors } from './signed.js'
import { checkDimensions } from './unit.js'

/** An id's vector, wherever it lies at the moment. */
export interface Item {
  readonly id: string
  readonly home: Namespace
  /** ms since the epoch. */
  deleteAt: number
  /** Position among the vectors of its namespace. */
  slot: number
  /** Size of its vector, in words of four bytes. */
  words: number
  /** Neighbours in the order of their arrival, over all namespaces. */
  older: Item | undefined
  newer: Item | undefined
}

/** What all namespaces of an index share. */
export interface Shared {
  blocks(): SignatureBlocks
  sign(dimensions: number): Sign
}

/** The signatures of a namespace as they were written down: 16 words each, in the order of the slots. */
export interface Signatures {
  readonly centre: Centre
  readonly words: Uint32Array
}

/** A class: there are thousands of them, and most hold a vector or two. */
export class Namespace {
  readonly name: string
  readonly dimensions: number
  readonly #shared: Shared
  readonly #byId = new Map<string, Item>()
  readonly #items: Item[] = []
  /** 256 vectors each. */
  readonly #pages: Page[] = []
  /** Undefined where there are too few vectors to be worth signing, or too few dimensions. */
  #signed: SignedVectors | undefined
  /** Vectors from which the signatures' centre was taken. */
  #centredOn = 0

  constructor(name: string, dimensions: number, shared: Shared) {
    this.name = name
    this.dimensions = dimensions
    this.#shared = shared
  }

  get count(): number {
    return this.#items.length
  }

  get signed(): SignedVectors | undefined {
    return this.#signed
  }

  get(id: string): Item | undefined {
    return this.#byId.get(id)
  }

  at(slot: number): Item | undefined {
    return this.#items[slot]
  }

  /** A copy. */
  vector(slot: number): Float32Array {
    return this.#page(slot).read(slot % BLOCK_SIZE)
  }

  /** Replaces what an item has. The vector has length 1 and is copied. */
  replace(item: Item, vector: Float32Array, deleteAt: number): void {
    item.deleteAt = deleteAt
    item.words = this.#page(item.slot).set(item.slot % BLOCK_SIZE, vector)
    this.#signed?.set(item.slot, vector)
  }

  /** Adds an id that is not there. The vector has length 1 and is copied. */
  add(id: string, vector: Float32Array, deleteAt: number): Item {
    const item = this.#append(id, vector, deleteAt)
    const isSettled = this.count < RECENTRE_AT || this.#centredOn >= RECENTRE_AT
    if (this.#signed && isSettled) this.#signed.push(vector)
    else if (this.#isLarge()) this.#signAll()
    return item
  }

  /** Adds what was written down, in its order, to an empty namespace. */
  restore(vectors: Iterable<readonly [id: string, vector: Float32Array, deleteAt: number]>, signatures: Signatures | undefined): Item[] {
    const items = Array.from(vectors, ([id, vector, deleteAt]) => this.#append(id, vector, deleteAt))
    if (signatures) {
      this.#startSigning(signatures.centre, RECENTRE_AT)
      const size = SIGNATURE_BYTES / 4
      for (let slot = 0; slot < this.count; slot++) this.#signed?.restore(signatures.words.subarray(slot * size, (slot + 1) * size))
    } else if (this.#isLarge()) this.#signAll()
    return items
  }

  remove(item: Item): void {
    const last = this.#items.pop() as Item
    this.#byId.delete(item.id)
    if (last !== item) {
      this.#items[item.slot] = last
      this.#page(item.slot).set(item.slot % BLOCK_SIZE, this.vector(last.slot))
    }
    this.#page(last.slot).drop(last.slot % BLOCK_SIZE)
    this.#signed?.remove(item.slot)
    last.slot = item.slot
    if (this.count % BLOCK_SIZE === 0) this.#pages.pop()
    if (this.count < UNSIGN_UNDER) this.close()
  }

  /** Expired ones are not found, and given to `expired`. */
  search(query: Float32Array, wanted: VectorQuery, now: number, expired: (item: Item) => void): readonly VectorMatch[] {
    checkDimensions(query.length, this.dimensions)
    const best = createNearestItems<Item>(wanted.k, wanted.minSimilarity ?? -1)
    const offer = (slot: number): void => {
      const similarity = this.#page(slot).dot(slot % BLOCK_SIZE, query)
      if (similarity < best.floor) return
      const item = this.#items[slot] as Item
      if (item.deleteAt > now) best.offer(item, similarity)
      else expired(item)
    }
    if (this.#signed && !wanted.exact) this.#offerNear(this.#signed, best, query, wanted.k, offer)
    else for (let slot = 0; slot < this.count; slot++) offer(slot)
    return best.matches((item) => item.id)
  }

  /** Gives back what it shares with others. */
  close(): void {
    this.#signed?.close()
    this.#signed = undefined
  }

  #page(slot: number): Page {
    return this.#pages[Math.floor(slot / BLOCK_SIZE)] as Page
  }

  #isLarge(): boolean {
    return this.count > BLOCK_SIZE && this.dimensions >= LEAST_DIMENSIONS
  }

  #append(id: string, vector: Float32Array, deleteAt: number): Item {
    const slot = this.count
    // Vectors of a namespace are much alike: a page has room for what the one before it holds.
    if (slot % BLOCK_SIZE === 0) this.#pages.push(createPage(this.dimensions, this.#pages.at(-1)?.capacity ?? 0))
    const words = this.#page(slot).set(slot % BLOCK_SIZE, vector)
    const item: Item = { id, home: this, deleteAt, slot, words, older: undefined, newer: undefined }
    this.#byId.set(id, item)
    this.#items.push(item)
    return item
  }

  /** Signs all vectors, once they are more than a page; and again at 1024, when their mean is known better. */
  #signAll(): void {
    const mean = new Float32Array(this.dimensions)
    for (let slot = 0; slot < this.count; slot++) {
      const vector = this.vector(slot)
      for (let at = 0; at < mean.length; at++) mean[at] = (mean[at] as number) + (vector[at] as number) / this.count
    }
    this.#startSigning({ vector: mean, reach: -1 }, this.count)
    for (let slot = 0; slot < this.count; slot++) this.#signed?.push(this.vector(slot))
  }

  #startSigning(centre: Centre, centredOn: number): void {
    this.close()
    this.#signed = createSignedVectors(this.#shared.blocks(), this.#shared.sign(this.dimensions), centre)
    this.#centredOn = centredOn
  }

  #offerNear(signed: SignedVectors, best: NearestItems<Item>, query: Float32Array, k: number, offer: (slot: number) => void): void {
    const wanted = Math.max(LEAST_COMPARED, k * 4)
    const { count, positions, distances } = signed.near(query, best.floor, wanted, Math.max(MOST_COMPARED, k * 3))
    const reach = distances[Math.min(wanted, count) - 1] ?? 0
    let floor = Number.NaN
    let bound = reach
    for (let at = 0; at < count; at++) {
      if (floor !== best.floor) {
        floor = best.floor
        bound = Math.max(reach, signed.bound(floor))
      }
      // Whatever comes after it is farther away.
      if ((distances[at] as number) > bound) break
      offer(positions[at] as number)
    }
  }
}

/** Vectors shorter than this are compared about as fast as their signatures. */
const LEAST_DIMENSIONS = 64
const RECENTRE_AT = 1024
/** Half a page: a namespace that stays about a page large is not signed again and again. */
const UNSIGN_UNDER = 128
/** Nearest signatures whose vectors are always compared. */
const LEAST_COMPARED = 32
/** Most that are compared, or three for each one wanted: a thousand found nothing more among 100,000. */
const MOST_COMPARED = 256
