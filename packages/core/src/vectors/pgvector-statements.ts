/** The SQL of the index in PostgreSQL. */

export interface PgVectorStatements {
  /** Makes the table, if need be, in one transaction. */
  readonly create: string
  /** Answers `current`: whether the table is one of this version. */
  readonly version: string
  /** namespace, dimensions, now, ids, times, vectors. Changes no row where the namespace has vectors of other dimensions. */
  readonly add: string
  /** namespace, dimensions, vector, now, k. Answers `id`, `similarity`. */
  search(dimensions: number): string
  /** namespace, ids */
  readonly remove: string
  /** prefix */
  readonly clear: string
  /** now, most rows */
  readonly sweep: string
  createIndex(dimensions: number): string
  /** Settings for a search that goes on until it has `k` of its namespace. */
  withIndex(k: number): string
  readonly withoutIndex: string
}

/** @param table `name` or `schema.name` of letters, digits and `_` */
export function pgVectorStatements(table: string): PgVectorStatements {
  const quoted = table
    .split('.')
    .map((part) => `"${part}"`)
    .join('.')
  const base = table.split('.').at(-1) as string
  const distance = (dimensions: number): string => `embedding::vector(${dimensions}) <=> $3::vector(${dimensions})`
  return {
    // Two processes that start at once would both make it. A comment that is there is left alone: it may be another version's.
    create: `begin;
select pg_advisory_xact_lock(hashtext('llm-cache ${table}'));
create extension if not exists vector;
create table if not exists ${quoted} (
  namespace text collate "C" not null,
  id text collate "C" not null,
  delete_at double precision not null,
  dimensions integer not null,
  embedding vector not null,
  primary key (namespace, id)
);
create index if not exists "${base}_delete_at" on ${quoted} (delete_at);
do $$ begin
  if obj_description('${quoted}'::regclass, 'pg_class') is null then
    comment on table ${quoted} is '${VERSION}';
  end if;
end $$;
commit`,
    version: `select obj_description('${quoted}'::regclass, 'pg_class') = '${VERSION}' as current`,
    add: `insert into ${quoted} (namespace, id, delete_at, dimensions, embedding)
select $1, item.id, item.delete_at, $2, item.embedding::vector
from unnest($4::text[], $5::double precision[], $6::text[]) as item (id, delete_at, embedding)
where not exists (select 1 from ${quoted} as held where held.namespace = $1 and held.dimensions <> $2 and held.delete_at > $3)
on conflict (namespace, id) do update
set delete_at = excluded.delete_at, dimensions = excluded.dimensions, embedding = excluded.embedding`,
    search: (dimensions) => `select id, 1 - (${distance(dimensions)}) as similarity
from ${quoted}
where namespace = $1 and dimensions = $2 and delete_at > $4
order by ${distance(dimensions)}
limit $5`,
    remove: `delete from ${quoted} where namespace = $1 and id = any($2::text[])`,
    clear: `delete from ${quoted} where starts_with(namespace, $1)`,
    sweep: `delete from ${quoted} where ctid in (
  select ctid from ${quoted} where delete_at <= $1 limit $2 for update skip locked
)`,
    createIndex: (dimensions) => `create index if not exists "${base}_hnsw_${dimensions}"
on ${quoted} using hnsw ((embedding::vector(${dimensions})) vector_cosine_ops)
where dimensions = ${dimensions}`,
    withIndex: (k) => `set local hnsw.iterative_scan = strict_order; set local hnsw.ef_search = ${Math.max(100, Math.min(1000, 2 * k))}`,
    withoutIndex: 'set local enable_indexscan = off',
  }
}

const VERSION = 'llm-cache vectors 1'
