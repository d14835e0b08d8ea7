/** Files of changes that were cut off, changed, swapped or left out are told by name, and what they say is never given. */

import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { encodeGenesis, type KeeperGenesis, type Stretch } from '@concordat/keeper';
import { utf8 } from '@concordat/wire';
import { addBackup, backupsIn, directoryFor } from '../backups.ts';
import { sha256Hex } from '../first-state.ts';
import { archiveIn, createChangesWriter, spansOf, wholeChanges } from './archive.ts';
import { followedFrom, stateAt } from './restoring.ts';

const directory = mkdtempSync(join(tmpdir(), 'damage-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const FEDERATION = 'ab'.repeat(32);
const START = Date.parse('2026-11-27T06:00:00Z');
const timeOf = (zxid: number): number => START + 1000 * zxid;
const pointAt = (zxid: number) => ({ zxid, time: timeOf(zxid) });

const nodeAt = (zxid: number) => ({
  ...{ data: utf8(`${zxid}`), acl: [{ perms: 1, scheme: 'world', id: 'anyone' }] },
  ...{ czxid: 0, mzxid: zxid, pzxid: 0, ctime: 0, mtime: timeOf(zxid) },
  ...{ version: zxid, cversion: 0, aversion: 0, owner: 0 },
});

/** Each transaction writes its zxid to one node; every third one changes nothing. */
const valueAt = (zxid: number): number => (zxid % 3 === 0 ? zxid - 1 : zxid);

function stateOf(zxid: number): Uint8Array {
  const paths = ['/', '/node', '/zookeeper', '/zookeeper/quota'];
  const nodes: KeeperGenesis['nodes'] = paths.map((path) => [
    path,
    nodeAt(path === '/node' ? valueAt(zxid) : 0),
  ]);
  return encodeGenesis({ zxid, nodes });
}

function stretchAt(from: number, end: number): Stretch {
  const transactions = Array.from({ length: end - from }, (_, i) => {
    const zxid = from + 1 + i;
    const change = { path: '/node', kind: 'node' as const, node: nodeAt(zxid) };
    return { ...pointAt(zxid), changes: valueAt(zxid) === zxid ? [change] : [] };
  });
  return { from: pointAt(from), end: pointAt(end), transactions };
}

function writeBackup(out: string, zxid: number, state = stateOf(zxid)): void {
  const about = {
    ...{ format: 'concordat keeper backup 1' as const, federation: FEDERATION, member: 'alpha', slot: zxid },
    ...{ isFinal: true, zxid: `0x${zxid.toString(16)}`, time: new Date(timeOf(zxid)).toISOString() },
    ...{ nodes: 4, bytes: 0, containers: 0, ttlNodes: 0, quotas: 0 },
    leftOut: { ephemerals: 0, sessions: 0 },
    ...{ size: state.length, sha256: sha256Hex(state), checkpoint: null, statements: [] },
  };
  addBackup(out, about, state);
}

function writeChanges(out: string, from: number, end: number, every = 4): string {
  const writer = createChangesWriter(out, FEDERATION, pointAt(from));
  for (let at = from; at < end; at += every) writer.add(stretchAt(at, Math.min(end, at + every)));
  return writer.finish().path;
}

/** Backups at 1 and 40, changes from 1 to 20, 20 to 45. */
function whole(name: string): string {
  const out = join(directory, name);
  directoryFor(out, FEDERATION);
  writeBackup(out, 1);
  writeBackup(out, 40);
  writeChanges(out, 1, 20);
  writeChanges(out, 20, 45);
  return out;
}

const model = whole('model');
const [first = '', second = ''] = archiveIn(model).files.map(({ path }) => basename(path));

function hurt(name: string, how: (out: string) => void): string {
  const out = join(directory, name);
  cpSync(model, out, { recursive: true });
  how(out);
  return out;
}

const bend = (file: string, at: number): void => {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
};

describe('changes that are whole', () => {
  it('lead to every moment, by its transaction or its time', () => {
    for (let zxid = 1; zxid <= 45; zxid++) {
      for (const at of [{ zxid }, { timeMs: timeOf(zxid) }, { timeMs: timeOf(zxid) + 999 }]) {
        const { bytes, point, isExact, next } = stateAt(model, at);
        assert.equal(sha256Hex(bytes), sha256Hex(stateOf(zxid)));
        assert.deepEqual([point.zxid, point.time], [zxid, timeOf(zxid)]);
        // Nobody knows what was executed after the end of all files.
        assert.equal(isExact, !('timeMs' in at && at.timeMs > timeOf(45)));
        assert.equal(next?.about.zxid, zxid > 1 && zxid < 40 ? '0x28' : undefined);
      }
    }
    assert.equal(stateAt(model, null).point.zxid, 45);
    assert.deepEqual(spansOf(backupsIn(model).whole, archiveIn(model).files), [
      { from: pointAt(1), until: pointAt(45) },
    ]);
    assert.equal(wholeChanges(join(model, second)).transactions, 25);
  });

  it('may overlap', () => {
    const out = hurt('overlap', (place) => {
      writeChanges(place, 10, 30, 7);
      writeChanges(place, 1, 38, 5);
      rmSync(join(place, first));
    });
    for (const zxid of [5, 20, 21, 37, 39, 44])
      assert.equal(sha256Hex(stateAt(out, { zxid }).bytes), sha256Hex(stateOf(zxid)));
  });

  it('need a backup to begin with', () => {
    const out = hurt('later', (place) => {
      for (const { path } of backupsIn(place).whole.slice(0, 1))
        for (const kind of ['json', 'state']) rmSync(`${path}.${kind}`);
    });
    assert.throws(() => stateAt(out, { zxid: 30 }), { code: 'no-backup' });
    assert.equal(sha256Hex(stateAt(out, { zxid: 43 }).bytes), sha256Hex(stateOf(43)));
  });
});

describe('changes that are not', () => {
  it('are told by name wherever they are cut off, and give nothing', () => {
    const { length } = readFileSync(join(model, first));
    for (let size = 0; size < length; size += 11) {
      const out = hurt(`cut-${size}`, (place) => truncateSync(join(place, first), size));
      const { files, others } = archiveIn(out);
      assert.deepEqual([files.length, others.length], [1, 1]);
      assert.match(others[0] ?? '', new RegExp(`${first} (is no file of changes|does not end)`));
      const found = stateAt(out, { zxid: 15 });
      assert.deepEqual([found.isExact, found.point.zxid], [false, 1]);
      assert.throws(() => wholeChanges(join(out, first)), { code: 'bad-backup', message: new RegExp(first) });
    }
    const long = hurt('long', (place) => appendFileSync(join(place, first), 'x'.repeat(200)));
    assert.throws(() => wholeChanges(join(long, first)), { code: 'bad-backup' });
  });

  it('are told by name wherever a bit is another, and never give another tree', () => {
    const { length } = readFileSync(join(model, first));
    const outcomes = { unusable: 0, refused: 0, before: 0 };
    for (let at = 0; at < length; at += 5) {
      const out = hurt(`bent-${at}`, (place) => bend(join(place, first), at));
      assert.throws(() => wholeChanges(join(out, first)), { code: 'bad-backup', message: new RegExp(first) });
      if (archiveIn(out).files.length === 1) outcomes.unusable++;
      else {
        try {
          const found = stateAt(out, { zxid: 10 });
          assert.equal(sha256Hex(found.bytes), sha256Hex(stateOf(10)));
          // What is damaged comes after: whether it leads to the next backup cannot be known.
          assert.match(
            found.unchecked ?? '',
            new RegExp(`${first} was damaged or changed|${first} is cut off`),
          );
          outcomes.before++;
        } catch (error) {
          assert.match(`${error}`, new RegExp(`${first} (was damaged or changed|is cut off|is not about)`));
          outcomes.refused++;
        }
      }
      rmSync(out, { recursive: true });
    }
    assert.ok(
      outcomes.unusable > 5 && outcomes.refused > 100 && outcomes.before > 100,
      `${JSON.stringify(outcomes)}`,
    );
  });

  it('are told if they were swapped, or frames of them', () => {
    const out = hurt('swapped', (place) => {
      renameSync(join(place, first), join(place, 'x'));
      renameSync(join(place, second), join(place, first));
      renameSync(join(place, 'x'), join(place, second));
    });
    assert.deepEqual(
      archiveIn(out).others.map((line) => /is about other transactions/.test(line)),
      [true, true],
    );
    const moved = hurt('moved', (place) => {
      const bytes = readFileSync(join(place, first));
      const header = 27 + 32 + 16;
      const size = (at: number): number => 4 + bytes.readUInt32BE(at) + 32;
      const [one, two] = [size(header), size(header + size(header))];
      const frames = [bytes.subarray(header + one, header + one + two), bytes.subarray(header, header + one)];
      writeFileSync(
        join(place, first),
        Buffer.concat([bytes.subarray(0, header), ...frames, bytes.subarray(header + one + two)]),
      );
    });
    assert.throws(() => wholeChanges(join(moved, first)), { message: /was damaged or changed/ });
    assert.throws(() => stateAt(moved, { zxid: 3 }), { code: 'bad-backup' });
  });

  it('are a gap if they are missing, and told to be', () => {
    const out = hurt('gap', (place) => rmSync(join(place, second)));
    assert.deepEqual(spansOf(backupsIn(out).whole, archiveIn(out).files), [
      { from: pointAt(1), until: pointAt(20) },
      { from: pointAt(40), until: pointAt(40) },
    ]);
    const found = stateAt(out, { zxid: 30 });
    assert.deepEqual([found.isExact, found.point.zxid, found.next], [false, 20, null]);
    assert.deepEqual(stateAt(out, { timeMs: timeOf(30) }).isExact, false);
    assert.deepEqual(stateAt(out, { zxid: 20 }).isExact, true);
  });

  it('are refused if they lead to another tree than the next backup', () => {
    const out = hurt('other', (place) => {
      const [, { path }] = backupsIn(place).whole as [unknown, { path: string }];
      for (const kind of ['json', 'state']) rmSync(`${path}.${kind}`);
      writeBackup(place, 40, encodeGenesis({ zxid: 40, nodes: [['/', nodeAt(0)]] }));
    });
    const message = /the changes do not lead to .*\.state: at 0x28 the tree has the SHA-256/;
    assert.throws(() => stateAt(out, { zxid: 30 }), { code: 'other-tree', message });
    const [base] = backupsIn(out).whole;
    assert.ok(base !== undefined);
    assert.throws(() => followedFrom(base), { code: 'other-tree' });
    // The backups themselves are as good as they were.
    assert.equal(stateAt(out, { zxid: 1 }).base.path, base.path);
  });

  it('are not written where nothing can be, and leave nothing that counts', () => {
    const out = join(directory, 'half');
    mkdirSync(out);
    const writer = createChangesWriter(out, FEDERATION, pointAt(1));
    writer.add(stretchAt(1, 5));
    assert.match(archiveIn(out).others[0] ?? '', /left by a backup that was cut off/);
    writer.abandon();
    assert.deepEqual(readdirSync(out), []);
    const other = createChangesWriter(out, FEDERATION, pointAt(1));
    other.add(stretchAt(1, 5));
    const name = '00000000000001-00000000000005.changes';
    mkdirSync(join(out, name));
    assert.throws(() => other.finish(), { code: 'not-written' });
    other.abandon();
    assert.deepEqual(readdirSync(out), [name]);
    assert.match(archiveIn(out).others[0] ?? '', /cannot be read: EISDIR/);
    assert.throws(() => createChangesWriter(join(out, 'nowhere'), FEDERATION, pointAt(1)), {
      code: 'not-written',
    });
  });

  it('of another federation keep backups out', () => {
    const out = join(directory, 'foreign');
    mkdirSync(out);
    writeChanges(out, 1, 5);
    assert.throws(() => directoryFor(out, 'cd'.repeat(32)), {
      code: 'other-federation',
      message: /\.changes/,
    });
    directoryFor(out, FEDERATION);
  });
});
