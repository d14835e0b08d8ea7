/** What a daemon keeps of changes: files that follow on one another, so many, found again after its end however it came. */

import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import type { Stretch } from '@concordat/keeper';
import { openChanges } from '../../keeper/changes/file.ts';
import { openSpool, spooledIn } from './spool.ts';

const directory = mkdtempSync(join(tmpdir(), 'spool-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const FEDERATION = 'ab'.repeat(32);
const LIMITS = { fileBytes: 400, allBytes: 2000 };

const pointAt = (zxid: number) => ({ zxid, time: 1000 + zxid });

/** One transaction that removes a node. */
const stretchAfter = (zxid: number): Stretch => ({
  from: pointAt(zxid),
  end: pointAt(zxid + 1),
  transactions: [{ ...pointAt(zxid + 1), changes: [{ path: '/node', kind: 'gone' }] }],
});

const found = async (place: string): Promise<[from: number, end: number][]> =>
  (await spooledIn(place)).map((path) => {
    const reader = openChanges(path);
    assert.ok(reader !== null);
    let { zxid: end } = reader.from;
    for (const step of reader.steps()) if (step.kind === 'stretch') end = step.stretch.end.zxid;
    reader.close();
    return [reader.from.zxid, end];
  });

it('is files that follow on one another, of which the oldest go', async () => {
  const place = join(directory, 'many');
  const spool = await openSpool(place, FEDERATION, LIMITS);
  assert.deepEqual([spool.end, await spooledIn(place)], [null, []]);
  for (let zxid = 5; zxid < 60; zxid++) await spool.add(stretchAfter(zxid));
  const files = await found(place);
  assert.deepEqual([spool.end, files.at(-1)?.[1]], [pointAt(60), 60]);
  for (const [index, [from]] of files.entries()) if (index > 0) assert.equal(from, files[index - 1]?.[1]);
  assert.ok((files[0]?.[0] ?? 0) > 5);
  const paths = await spooledIn(place);
  const all = paths.reduce((sum, path) => sum + statSync(path).size, 0);
  assert.ok(all <= LIMITS.allBytes && all > LIMITS.allBytes / 2, `${all}`);
  assert.ok(paths.every((path) => (statSync(path).mode & 0o777) === 0o600));
  assert.ok(spool.unasked > all);
  spool.asked();
  assert.equal(spool.unasked, 0);
  await spool.discard();
  assert.deepEqual([spool.end, await spooledIn(place)], [null, []]);
  await spool.close();
});

it('is gone on with where it ended, also if the last write was cut off', async () => {
  const place = join(directory, 'again');
  const first = await openSpool(place, FEDERATION);
  for (let zxid = 0; zxid < 10; zxid++) await first.add(stretchAfter(zxid));
  await first.close();
  const [path = ''] = await spooledIn(place);
  truncateSync(path, statSync(path).size - 3);
  const second = await openSpool(place, FEDERATION);
  assert.deepEqual(second.end, pointAt(9));
  await second.add(stretchAfter(9));
  await second.add(stretchAfter(10));
  await second.close();
  assert.deepEqual(await found(place), [
    [0, 9],
    [9, 11],
  ]);
  // One that was begun and holds nothing, not even who began it.
  writeFileSync(join(place, '0000000003.changes'), 'con');
  const third = await openSpool(place, FEDERATION);
  assert.deepEqual(third.end, pointAt(11));
  await third.add(stretchAfter(11));
  await third.close();
  assert.equal((await spooledIn(place)).length, 4);
  appendFileSync((await spooledIn(place)).at(-1) ?? '', 'more');
  assert.deepEqual((await openSpool(place, FEDERATION)).end, pointAt(12));
});

it('shows a gap by where a file begins', async () => {
  const place = join(directory, 'gap');
  const spool = await openSpool(place, FEDERATION);
  await spool.add(stretchAfter(1));
  await spool.add(stretchAfter(7));
  await spool.close();
  assert.deepEqual(await found(place), [
    [1, 2],
    [7, 8],
  ]);
});

it('is not that of another federation', async () => {
  const place = join(directory, 'foreign');
  const spool = await openSpool(place, FEDERATION);
  await spool.add(stretchAfter(1));
  await spool.close();
  const other = await openSpool(place, 'cd'.repeat(32));
  assert.deepEqual([other.end, await spooledIn(place)], [null, []]);
});
