/** What was acknowledged is there again: after a close, a crash at any time, a snapshot, a torn file; whatever else is said so. */

import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { genie, placeBetween, settleRow } from '../../index.ts';
import { pay } from '../../network/payment.ts';
import { assertSound } from '../../testing/invariants.ts';
import { CreditError } from '../errors.ts';
import { openDirectoryLog } from './directory-log.ts';
import { type CreditStore, openCreditStore } from './store.ts';

const HOUR_MS = 3_600_000;
const POLICY = genie({ credit: 1_000_000, replenish: 1, everyMs: HOUR_MS });
const parent = mkdtempSync(join(tmpdir(), 'concordat-credit-'));
after(() => rmSync(parent, { recursive: true, force: true }));
const fresh = (): string => join(mkdtempSync(join(parent, 'data-')), 'credit');

const open = async (directory: string, snapshotEvery = 100_000, policy = POLICY): Promise<CreditStore> =>
  openCreditStore({
    log: await openDirectoryLog({ directory, segmentBytes: 64 * 1024 }),
    policy,
    clock: () => 5 * HOUR_MS,
    snapshotEvery,
  });

/** A chain of three accounts, and payments of one unit from its first to its last. */
function prepare(store: CreditStore): void {
  for (const name of ['a', 'b', 'c']) assert.ok(store.apply({ kind: 'account', name }));
  const period = store.ledger.network.period;
  for (const a of [0, 1])
    assert.ok(store.apply({ kind: 'link', period, a, b: a + 1, credit: 1_000_000, creditBack: 1_000_000 }));
}

function payOne(store: CreditStore): void {
  const result = pay(store.ledger.network, { from: 0, to: 2, amount: 1 });
  assert.ok(result.ok);
  store.record({ kind: 'pay', period: store.ledger.network.period, steps: result.steps });
}

function paid(store: CreditStore): number {
  const { network } = store.ledger;
  assertSound(network);
  settleRow(network, 1);
  return 1_000_000 - (network.out[placeBetween(network, 1, 2)] as number);
}

const rejectsWith = (code: string, work: Promise<unknown>): Promise<void> =>
  assert.rejects(work, (error) => error instanceof CreditError && error.code === code);

test('a store is as it was left, with snapshots or without, and its files are private', async () => {
  for (const snapshotEvery of [100_000, 50]) {
    const directory = fresh();
    let store = await open(directory, snapshotEvery);
    prepare(store);
    for (let round = 1; round <= 3; round += 1) {
      for (let i = 0; i < 70; i += 1) {
        payOne(store);
        if (i % 10 === 0) await store.durable();
      }
      await rejectsWith('in-use', openDirectoryLog({ directory }));
      await store.close();
      store = await open(directory, snapshotEvery);
      assert.equal(paid(store), 70 * round);
      assert.deepEqual(store.ledger.names, ['a', 'b', 'c']);
    }
    await store.close();
    const snapshots = readdirSync(directory).filter((name) => name.startsWith('snapshot'));
    assert.equal(snapshots.length, 1);
    for (const name of ['credit.json', ...snapshots, 'journal/journal.manifest'])
      assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
  }
});

test('a directory that was not yet begun when its process died is begun anew', async () => {
  const directory = fresh();
  mkdirSync(join(directory, 'journal'), { recursive: true });
  writeFileSync(join(directory, 'journal', 'segment-0000000000.log'), new Uint8Array(1000));
  const store = await open(directory);
  prepare(store);
  await store.close();
  const again = await open(directory);
  assert.equal(paid(again), 0);
  await again.close();
});

test('a setting that changed is adopted at the next start', async () => {
  const directory = fresh();
  const store = await open(directory);
  prepare(store);
  payOne(store);
  await store.close();
  const other = genie({ credit: 2_000_000, replenish: 1, everyMs: HOUR_MS });
  for (let start = 0; start < 2; start += 1) {
    const next = await open(directory, 100_000, other);
    const { network } = next.ledger;
    assert.equal(network.out[placeBetween(network, 0, 1)], 1_999_999);
    assert.equal(network.policy.credit, 2_000_000);
    await next.close();
  }
});

test('data that is damaged, lost or of another version is refused, and says so', async () => {
  const make = async (): Promise<string> => {
    const directory = fresh();
    const store = await open(directory);
    prepare(store);
    await store.durable();
    await store.snapshot();
    payOne(store);
    await store.close();
    return directory;
  };
  const snapshotIn = (directory: string): string =>
    join(directory, readdirSync(directory).find((name) => name.startsWith('snapshot')) ?? 'none');
  const damaged = await make();
  const bytes = readFileSync(snapshotIn(damaged));
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(snapshotIn(damaged), bytes);
  await rejectsWith('bad-data', open(damaged));
  const truncated = await make();
  writeFileSync(snapshotIn(truncated), readFileSync(snapshotIn(truncated)).subarray(0, -3));
  await rejectsWith('bad-data', open(truncated));
  const without = await make();
  rmSync(snapshotIn(without));
  await rejectsWith('lost-charges', open(without));
  const wiped = await make();
  rmSync(join(wiped, 'journal'), { recursive: true });
  await rejectsWith('lost-charges', open(wiped));
  const newer = await make();
  writeFileSync(join(newer, 'credit.json'), '{"layout":2}\n');
  await rejectsWith('bad-data', open(newer));
});

test('a failing disk is told to whoever waits, and nothing is acknowledged any more', async () => {
  const { realDisk } = await import('@concordat/runtime');
  let isFull = false;
  const disk = {
    ...realDisk,
    write: (...call: Parameters<typeof realDisk.write>) => {
      if (isFull) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      realDisk.write(...call);
    },
  };
  const log = await openDirectoryLog({ directory: fresh(), disk });
  const store = await openCreditStore({ log, policy: POLICY });
  prepare(store);
  await store.durable();
  isFull = true;
  payOne(store);
  await rejectsWith('store-failed', store.durable());
  payOne(store);
  await rejectsWith('store-failed', store.durable());
  assert.equal(store.failure?.code, 'store-failed');
  await store.close().catch(() => {});
});

test('killed at any moment, a process has lost no charge that it had acknowledged', {
  timeout: 50_000,
}, async () => {
  const directory = fresh();
  const script = fileURLToPath(new URL('../testing/charging-process.js', import.meta.url));
  let acknowledged = 0;
  for (const after of [1, 40, 300, 900]) {
    const child: ChildProcess = fork(script, [directory], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    let reported = 0;
    const enough = new Promise<void>((resolve) => {
      child.on('message', (total: number) => {
        reported = total;
        if (total >= acknowledged + after) resolve();
      });
    });
    await enough;
    child.kill('SIGKILL');
    await once(child, 'exit');
    acknowledged = reported;
    const store = await open(directory);
    assert.ok(paid(store) >= acknowledged, `${acknowledged} acknowledged, ${paid(store)} kept`);
    acknowledged = paid(store);
    await store.close();
  }
});
