/**
 * Changes in tables of a PostgreSQL database, for servers without a disk of their own. One process owns a ledger at a time, by an
 * advisory lock that lasts as long as its connection. Inserts of one moment go in one statement; while it is under way the next
 * ones collect.
 *
 *   concordat_credit_layout     layout int
 *   concordat_credit_changes    ledger, position, record
 *   concordat_credit_snapshots  ledger, position, part, record
 */

import type { Client, ClientConfig } from 'pg';
import { CreditError } from '../errors.ts';
import type { ChangeLog, LogListener } from './change-log.ts';

export interface PostgresLogOptions {
  /** As of `pg`: a connection string, or its fields. */
  readonly connection: string | ClientConfig;
  /** Several ledgers may share a database. */
  readonly ledger?: string;
}

const LAYOUT = 1;
const PAGE = 5000;
const PARTS_AT_ONCE = 32;

const TABLES = `
  create table if not exists concordat_credit_layout (layout int not null);
  create table if not exists concordat_credit_changes
    (ledger text, position bigint, record bytea not null, primary key (ledger, position));
  create table if not exists concordat_credit_snapshots
    (ledger text, position bigint, part int, record bytea not null, primary key (ledger, position, part));
  insert into concordat_credit_layout select ${LAYOUT} where not exists (select 1 from concordat_credit_layout);
`;

async function connect(connection: string | ClientConfig): Promise<Client> {
  // A database is an option: whoever does not use one need not have its client.
  const pg = await import('pg').catch((error: unknown) => {
    throw new CreditError('bad-configuration', 'PostgreSQL needs its client: npm install pg', error);
  });
  const client = new pg.default.Client(
    typeof connection === 'string' ? { connectionString: connection } : connection,
  );
  try {
    await client.connect();
  } catch (error) {
    throw new CreditError('store-failed', `no connection to PostgreSQL: ${messageOf(error)}`, error);
  }
  return client;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Rejects with `in-use`, `bad-data`, `store-failed`, and `bad-configuration` where `pg` is not installed. */
export async function openPostgresLog(options: PostgresLogOptions): Promise<ChangeLog> {
  const { connection, ledger = 'default' } = options;
  const client = await connect(connection);
  try {
    const lock = await client.query<{ locked: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as locked',
      [`concordat credit ${ledger}`],
    );
    if (lock.rows[0]?.locked !== true)
      throw new CreditError(
        'in-use',
        `another process works on the ledger '${ledger}': stop it, or choose another name`,
      );
    await client.query(TABLES);
    const found = await client.query<{ layout: number }>('select layout from concordat_credit_layout');
    if (found.rows[0]?.layout !== LAYOUT)
      throw new CreditError(
        'bad-data',
        `the tables have layout ${found.rows[0]?.layout}: this program reads ${LAYOUT}`,
      );
    return await logOf(client, connection, ledger);
  } catch (error) {
    await client.end().catch(() => {});
    if (error instanceof CreditError) throw error;
    throw new CreditError('store-failed', `PostgreSQL: ${messageOf(error)}`, error);
  }
}

async function logOf(client: Client, connection: string | ClientConfig, ledger: string): Promise<ChangeLog> {
  const bounds = await client.query<{ latest: string | null; first: string | null; end: string | null }>(
    `select (select max(position) from concordat_credit_snapshots where ledger = $1) as latest,
            (select min(position) from concordat_credit_changes where ledger = $1) as first,
            (select max(position) + 1 from concordat_credit_changes where ledger = $1) as end`,
    [ledger],
  );
  const row = bounds.rows[0];
  const latest = row?.latest == null ? null : Number(row.latest);
  const last = Math.max(latest ?? 0, Number(row?.end ?? 0));
  if (latest === null && last > 0)
    throw new CreditError(
      'lost-charges',
      `the ledger '${ledger}' has changes, but no snapshot to begin with`,
    );
  const writer = createWriter(client, ledger, last);
  return {
    snapshot: latest === null ? null : pages(client, SNAPSHOT_PAGE, [ledger, latest], 0),
    changes: changesFrom(client, ledger, latest ?? 0, last),
    ...writer,
    get end() {
      return writer.end;
    },
    get durable() {
      return writer.durable;
    },
    storeSnapshot: async (records) => {
      const { end } = writer;
      const other = await connect(connection);
      try {
        await insertSnapshot(other, ledger, end, records, () => writer.until(end));
      } finally {
        await other.end();
      }
    },
    close: async () => {
      await writer.until(writer.end).finally(() => client.end());
    },
  };
}

const SNAPSHOT_PAGE =
  'select part as key, record from concordat_credit_snapshots where ledger = $1 and position = $2 and part >= $3 order by part limit $4';
const CHANGES_PAGE =
  'select position as key, record from concordat_credit_changes where ledger = $1 and position < $2 and position >= $3 order by position limit $4';

/** Rows from `start` on, a page in memory at a time, in order and without gaps. */
async function* pages(
  client: Client,
  query: string,
  keys: readonly (string | number)[],
  start: number,
): AsyncGenerator<Uint8Array> {
  let next = start;
  for (;;) {
    const { rows } = await client.query<{ key: string | number; record: Buffer }>(query, [
      ...keys,
      next,
      PAGE,
    ]);
    for (const { key, record } of rows) {
      if (Number(key) !== next) throw new CreditError('bad-data', `row ${next} is missing in the database`);
      yield record;
      next += 1;
    }
    if (rows.length < PAGE) return;
  }
}

async function* changesFrom(
  client: Client,
  ledger: string,
  from: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const record of pages(client, CHANGES_PAGE, [ledger, end], from)) {
    count += 1;
    yield record;
  }
  if (count !== end - from)
    throw new CreditError('bad-data', `row ${from + count} is missing in the database`);
}

/** What writes changes: like a log, and tells when a position is durable. */
function createWriter(client: Client, ledger: string, start: number) {
  let listener: LogListener = { durable: () => {}, failed: () => {} };
  let pending: Uint8Array[] = [];
  let [durable, end] = [start, start];
  let isWriting = false;
  let failure: Error | null = null;
  const waiting = new Set<() => void>();

  const tell = (): void => {
    if (failure === null) listener.durable();
    else listener.failed(failure);
    for (const look of [...waiting]) look();
  };
  const fail = (error: Error): void => {
    if (failure !== null) return;
    failure = error;
    tell();
  };
  client.on('error', fail);

  const write = async (): Promise<void> => {
    isWriting = true;
    while (pending.length > 0 && failure === null) {
      const records = pending;
      pending = [];
      const positions = records.map((_, index) => durable + index);
      await client.query(
        `insert into concordat_credit_changes (ledger, position, record)
         select $1, position, record from unnest($2::bigint[], $3::bytea[]) as added (position, record)`,
        [ledger, positions, records.map((record) => Buffer.from(record))],
      );
      durable += records.length;
      tell();
    }
    isWriting = false;
  };
  const commit = (): void => {
    if (!isWriting && pending.length > 0) write().catch((error: unknown) => fail(error as Error));
  };
  const until = (position: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (failure === null && durable < position) return;
        waiting.delete(look);
        if (failure === null) resolve();
        else reject(failure);
      };
      waiting.add(look);
      commit();
      look();
    });
  return {
    listen: (next: LogListener): void => {
      listener = next;
    },
    get end() {
      return end;
    },
    get durable() {
      return durable;
    },
    append: (record: Uint8Array): void => {
      pending.push(record);
      end += 1;
    },
    commit,
    until,
  };
}

/** In one transaction of a connection of its own, so that changes go on meanwhile. */
async function insertSnapshot(
  client: Client,
  ledger: string,
  position: number,
  records: Iterable<Uint8Array>,
  before: () => Promise<void>,
): Promise<void> {
  await client.query('begin');
  await client.query('delete from concordat_credit_snapshots where ledger = $1', [ledger]);
  let part = 0;
  let batch: Buffer[] = [];
  const flush = async (): Promise<void> => {
    await client.query(
      `insert into concordat_credit_snapshots (ledger, position, part, record)
       select $1, $2, part, record from unnest($3::int[], $4::bytea[]) as added (part, record)`,
      [ledger, position, batch.map((_, index) => part + index), batch],
    );
    part += batch.length;
    batch = [];
  };
  for (const record of records) {
    batch.push(Buffer.from(record));
    if (batch.length === PARTS_AT_ONCE) await flush();
  }
  await flush();
  // A snapshot never shows more than the changes that are there.
  await before();
  await client.query('commit');
  await client.query('delete from concordat_credit_changes where ledger = $1 and position < $2', [
    ledger,
    position,
  ]);
}
