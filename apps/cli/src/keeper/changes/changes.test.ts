/** Backups with what transactions did in between: any moment is restored, from a daemon that is restarted or runs full, too. */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CreateMode, decodeGenesis, ErrorCode, OpCode } from '@concordat/keeper';
import { type LiveClient, readNode } from '@concordat/keeper/edge';
import { bodies } from '@concordat/keeper/frames';
import { utf8 } from '@concordat/wire';
import type { Federation } from '../../config/federation.ts';
import { placesIn } from '../../config/organisation.ts';
import type { Daemon } from '../../daemon/daemon.ts';
import { CommandError } from '../../errors.ts';
import { clientOf, federationOf, makeMember, startAlone } from '../../testing/alone.ts';
import { type MadeBackup, makeBackup } from '../backup.ts';
import { backupsIn, directoryFor, zxidOf } from '../backups.ts';
import { sha256Hex } from '../first-state.ts';
import { archiveIn, pointOf, spansOf, wholeChanges } from './archive.ts';
import { type CopiedChanges, copyChanges } from './copying.ts';
import { followedFrom, stateAt } from './restoring.ts';

const directory = mkdtempSync(join(tmpdir(), 'changes-'));
const data = join(directory, 'alpha');

interface Running {
  readonly federation: Federation;
  readonly daemon: Daemon;
  readonly client: LiveClient;
}

const running: { now: Running | null } = { now: null };
const live = (): Running => running.now ?? assert.fail('it runs from the beginning');

async function start(federation: Federation): Promise<void> {
  const daemon = await startAlone(data, federation);
  running.now = { federation, daemon, client: await clientOf(daemon) };
}

async function stop(): Promise<void> {
  await live().client.close();
  await live().daemon.close();
}

before(async () => start(federationOf(await makeMember(data))));
after(async () => {
  await stop();
  rmSync(directory, { recursive: true, force: true });
});

type Body = Parameters<LiveClient['request']>[1];

async function done(op: number, body: Body): Promise<void> {
  const { err } = await live().client.request(op, body);
  assert.equal(err, ErrorCode.ok);
}

const create = (path: string, mode: number = CreateMode.persistent): Promise<void> =>
  done(OpCode.create, bodies.create(path, utf8('0'), { mode }));

/** Gives the zxid of the transaction. */
async function set(path: string, value: number): Promise<number> {
  await done(OpCode.setData, bodies.setData(path, utf8(`${value}`)));
  return (await readNode(live().client, path)).stat?.mzxid ?? assert.fail('it is there');
}

const back = async (
  out: string,
  keep?: number,
): Promise<MadeBackup & { readonly changes: CopiedChanges }> => {
  const made = await makeBackup({ data, out, changes: true, ...(keep !== undefined && { keep }) });
  const { changes } = made;
  assert.ok(changes !== null && !(changes instanceof CommandError), `${changes}`);
  return { ...made, changes };
};

const copy = (out: string): Promise<CopiedChanges> =>
  copyChanges(data, out, (federation) => directoryFor(out, federation));

function valueAt(out: string, zxid: number, path: string): string | undefined {
  const found = stateAt(out, { zxid });
  assert.deepEqual([found.isExact, found.point.zxid], [true, zxid]);
  const genesis = decodeGenesis(found.bytes) ?? assert.fail('it is a state');
  assert.equal(genesis.zxid, zxid);
  const data = new Map(genesis.nodes).get(path)?.data;
  return data === undefined ? undefined : Buffer.from(data ?? []).toString();
}

const spans = (out: string): [number, number][] =>
  spansOf(backupsIn(out).whole, archiveIn(out).files).map(({ from, until }) => [from.zxid, until.zxid]);

describe('what transactions did between backups', () => {
  it('gives the tree as of each of them, the same as a backup made there', async () => {
    const out = join(directory, 'every');
    await create('/a');
    const first = await back(out);
    const zxids = new Map<number, number>();
    for (let value = 1; value <= 150; value++) zxids.set(await set('/a', value), value);
    await create('/mine', CreateMode.ephemeral);
    const elsewhere = (await makeBackup({ data, out: join(directory, 'elsewhere') })).backup;
    for (let value = 151; value <= 200; value++) zxids.set(await set('/a', value), value);
    const second = await back(out);
    assert.deepEqual(second.changes.gaps, []);
    assert.equal(zxids.size, 200);
    for (const [zxid, value] of zxids) if (value % 20 < 2) assert.equal(valueAt(out, zxid, '/a'), `${value}`);
    const there = stateAt(out, { zxid: zxidOf(elsewhere) });
    assert.equal(sha256Hex(there.bytes), elsewhere.about.sha256);
    assert.deepEqual([there.base.path, there.next?.path], [first.backup.path, second.backup.path]);
    // By ordered time: what was executed up to then, to the millisecond.
    const { time } = there.point;
    const byTime = stateAt(out, { timeMs: time });
    assert.ok(byTime.isExact && byTime.point.zxid >= there.point.zxid && byTime.point.time === time);
    assert.ok(stateAt(out, { timeMs: time - 1 }).point.zxid < there.point.zxid);
    assert.deepEqual(followedFrom(first.backup).next?.path, second.backup.path);
    assert.deepEqual(spans(out), [[zxidOf(first.backup), zxidOf(second.backup)]]);
    for (const name of readdirSync(out)) assert.equal(statSync(join(out, name)).mode & 0o777, 0o600, name);
    for (const name of readdirSync(placesIn(data).changes))
      assert.equal(statSync(join(placesIn(data).changes, name)).mode & 0o777, 0o600, name);
  });

  it('may be all that is backed up for a while', async () => {
    const out = join(directory, 'every');
    const [last] = backupsIn(out).whole.slice(-1);
    const zxid = await set('/a', 1001);
    const { files, gaps } = await copy(out);
    assert.deepEqual([files.length, gaps], [1, []]);
    assert.equal(files[0]?.from.zxid, archiveIn(out).files.at(-2)?.end.zxid);
    assert.equal(valueAt(out, zxid, '/a'), '1001');
    // All that is there, unless told.
    const all = stateAt(out, null);
    assert.deepEqual([all.point.zxid, all.base.path, all.next], [zxid, last?.path, null]);
    // Beyond that nobody knows.
    assert.deepEqual(
      [stateAt(out, { zxid: zxid + 1 }).isExact, stateAt(out, { zxid }).isExact],
      [false, true],
    );
    assert.equal(stateAt(out, { timeMs: all.point.time + 3_600_000 }).isExact, false);
    assert.deepEqual((await copy(out)).files, []);
  });

  it('go on after a restart without a gap', async () => {
    const out = join(directory, 'every');
    const zxids: number[] = [];
    for (let round = 0; round < 3; round++) {
      for (let value = 0; value < 40; value++) zxids.push(await set('/a', 2000 + 40 * round + value));
      const { federation } = live();
      await stop();
      await start(federation);
    }
    zxids.push(await set('/a', 2120));
    const { changes, backup } = await back(out);
    assert.deepEqual(changes.gaps, []);
    for (const [index, zxid] of zxids.entries())
      if (index % 13 === 0) assert.equal(valueAt(out, zxid, '/a'), `${2000 + index}`);
    assert.equal(spans(out).length, 1);
    assert.equal(spans(out)[0]?.[1], zxidOf(backup));
  });

  it('are told to be missing where the daemon has them no more', async () => {
    const out = join(directory, 'every');
    const { backup: last } = await back(out);
    const lost = await set('/a', 3000);
    const { federation } = live();
    await stop();
    rmSync(placesIn(data).changes, { recursive: true });
    await start(federation);
    const gone = await set('/a', 3001);
    const { backup, changes } = await back(out);
    assert.deepEqual([changes.gaps.length, changes.files.length], [1, 0]);
    const kept = await set('/a', 3002);
    const later = await copy(out);
    assert.equal(later.gaps.length, 1);
    assert.deepEqual(
      spans(out)
        .slice(-2)
        .map(([, until]) => until),
      [zxidOf(last), later.files.at(-1)?.end.zxid],
    );
    for (const zxid of [lost, gone]) {
      const found = stateAt(out, { zxid });
      assert.deepEqual(
        [found.isExact, found.point.zxid],
        [zxid === zxidOf(backup), zxid === gone ? gone : zxidOf(last)],
      );
    }
    assert.equal(valueAt(out, kept, '/a'), '3002');
  });

  it('go with the backups that they lead from', async () => {
    const out = join(directory, 'every');
    await set('/a', 4000);
    await back(out);
    await set('/a', 4001);
    const { backup, pruned } = await back(out, 2);
    assert.ok(pruned.length > 2);
    const [oldest] = backupsIn(out).whole;
    assert.deepEqual(spans(out), [[zxidOf(oldest ?? backup), zxidOf(backup)]]);
    const { files } = archiveIn(out);
    assert.ok(files.length > 0 && files.every(({ end }) => end.zxid > zxidOf(oldest ?? backup)));
  });

  it('do not keep a backup from being whole', async () => {
    const out = join(directory, 'hurt');
    const { changes } = placesIn(data);
    const { federation } = live();
    await stop();
    rmSync(changes, { recursive: true });
    await start(federation);
    // The daemon's disk takes nothing.
    writeFileSync(changes, '');
    const made = await makeBackup({ data, out, changes: true });
    assert.ok(made.changes instanceof CommandError);
    assert.match(made.changes.message, /keeps no changes: EEXIST/);
    assert.deepEqual(spans(out), [[zxidOf(made.backup), zxidOf(made.backup)]]);
    rmSync(changes);
    // And then it does.
    const again = await back(out);
    const zxid = await set('/a', 5000);
    await copy(out);
    assert.equal(valueAt(out, zxid, '/a'), '5000');
    assert.deepEqual(stateAt(out, { zxid }).base.path, again.backup.path);
    assert.equal(wholeChanges(archiveIn(out).files.at(-1)?.path ?? '').end.zxid, zxid);
    assert.deepEqual(pointOf(again.backup).zxid, zxidOf(again.backup));
  });
});
