/** The part of the package `weaviate-client` that is used. */

export interface WeaviateIndexClient {
  readonly collections: {
    listAll(): Promise<readonly { readonly name: string }[]>
    createFromSchema(schema: object): Promise<unknown>
    get(name: string): WeaviateCollection
  }
  close(): Promise<unknown>
}

/** Filters and what they are made of are the client's own affair. */
export interface WeaviateCollection {
  readonly filter: {
    byId(): { containsAny(ids: string[]): unknown }
    byProperty(name: string): WeaviateProperty
  }
  readonly query: {
    nearVector(vector: number[], query: object): Promise<{ readonly objects: readonly WeaviateObject[] }>
    fetchObjects(query: object): Promise<{ readonly objects: readonly WeaviateObject[] }>
  }
  readonly data: {
    insertMany(
      objects: object[],
    ): Promise<{ readonly hasErrors: boolean; readonly errors: Readonly<Record<number, { readonly message: string }>> }>
    deleteMany(filter: unknown): Promise<{ readonly successful: number }>
  }
}

export interface WeaviateProperty {
  equal(value: string): unknown
  like(value: string): unknown
  greaterThan(value: number): unknown
  lessOrEqual(value: number): unknown
}

export interface WeaviateObject {
  readonly properties: Readonly<Record<string, unknown>>
  readonly metadata?: { readonly distance?: number | undefined } | undefined
}

export interface WeaviateModule {
  readonly default: {
    connectToCustom(options: object): Promise<WeaviateIndexClient>
    readonly ApiKey: new (key: string) => object
  }
  readonly Filters: { and(...filters: unknown[]): unknown }
}
