/** Ledgers in a database: as they were left, one owner each, and a connection that breaks is told of. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { genie } from '../../index.ts';
import { pay } from '../../network/payment.ts';
import { assertSound } from '../../testing/invariants.ts';
import { postgresMissing, startPostgres } from '../testing/postgres.ts';
import { openPostgresLog, type PostgresLogOptions } from './postgres-log.ts';
import { type CreditStore, openCreditStore } from './store.ts';

const POLICY = genie({ credit: 1000, replenish: 1, everyMs: 3_600_000 });
const missing = postgresMissing();

const open = async (options: PostgresLogOptions, snapshotEvery = 1000): Promise<CreditStore> =>
  openCreditStore({ log: await openPostgresLog(options), policy: POLICY, clock: () => 0, snapshotEvery });

function charge(store: CreditStore, count: number): void {
  for (let i = 0; i < count; i += 1) {
    const result = pay(store.ledger.network, { from: 0, to: 1, amount: 1 });
    assert.ok(result.ok);
    store.record({ kind: 'pay', period: 0, steps: result.steps });
  }
}

test('a ledger in PostgreSQL is as it was left', { skip: missing ?? false, timeout: 55_000 }, async () => {
  const server = await startPostgres();
  const { connection } = server;
  try {
    let store = await open({ connection });
    for (const name of ['a', 'b']) store.apply({ kind: 'account', name });
    store.apply({ kind: 'link', period: 0, a: 0, b: 1, credit: 1000, creditBack: 1000 });
    for (let round = 1; round <= 3; round += 1) {
      for (let i = 0; i < 10; i += 1) {
        charge(store, 7);
        await store.durable();
      }
      charge(store, 30);
      if (round === 2) await store.snapshot();
      await assert.rejects(openPostgresLog({ connection }), { code: 'in-use' });
      await store.close();
      store = await open({ connection });
      assert.equal(store.ledger.network.out[0], 1000 - 100 * round);
      assertSound(store.ledger.network);
    }
    const other = await open({ connection, ledger: 'another' });
    assert.equal(other.ledger.network.nodeCount, 0);
    await other.close();

    const admin = new pg.Client(connection);
    await admin.connect();
    charge(store, 5);
    await store.durable();
    const mine =
      "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = 'postgres'";
    await admin.query(mine);
    charge(store, 1);
    await assert.rejects(store.durable(), { code: 'store-failed' });
    await store.close().catch(() => {});
    // The lock went with the connection, and what was acknowledged is there.
    const next = await open({ connection });
    assert.equal(next.ledger.network.out[0], 695);
    await next.close();
    await admin.query(
      'delete from concordat_credit_changes where position = (select max(position) - 2 from concordat_credit_changes)',
    );
    await assert.rejects(open({ connection }), { code: 'bad-data' });
    await admin.query('update concordat_credit_layout set layout = 2');
    await assert.rejects(openPostgresLog({ connection }), { code: 'bad-data' });
    await admin.end();
  } finally {
    await server.stop();
  }
});

test('a database that is not there is said so', async () => {
  const connection = { host: '127.0.0.1', port: 1, connectionTimeoutMillis: 2000 };
  await assert.rejects(openPostgresLog({ connection }), { code: 'store-failed' });
});
