/** Backups of a daemon that goes on serving: what they hold, what is kept, what is refused, and a federation that begins with one. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CreateMode, decodeGenesis, ErrorCode, OpCode } from '@concordat/keeper';
import type { LiveClient } from '@concordat/keeper/edge';
import { bodies } from '@concordat/keeper/frames';
import { utf8 } from '@concordat/wire';
import type { Federation, Member } from '../config/federation.ts';
import { placesIn } from '../config/organisation.ts';
import { ask } from '../daemon/control.ts';
import type { Daemon } from '../daemon/daemon.ts';
import { clientOf, federationOf, makeMember, startAlone } from '../testing/alone.ts';
import { makeBackup } from './backup.ts';
import { type Backup, backupAt, backupsIn, newestUntil, pointIn, verified, zxidOf } from './backups.ts';
import { readTree } from './export.ts';
import { adopt } from './first-state.ts';

const directory = mkdtempSync(join(tmpdir(), 'backup-'));
const data = join(directory, 'alpha');
const out = join(directory, 'backups');

interface Running {
  readonly member: Member;
  readonly federation: Federation;
  readonly daemon: Daemon;
  readonly client: LiveClient;
}

const running: { now: Running | null } = { now: null };
const live = (): Running => running.now ?? assert.fail('it runs from the beginning');

before(async () => {
  const member = await makeMember(data);
  const federation = federationOf(member);
  const daemon = await startAlone(data, federation);
  running.now = { member, federation, daemon, client: await clientOf(daemon) };
});

after(async () => {
  await live().client.close();
  await live().daemon.close();
  rmSync(directory, { recursive: true, force: true });
});

async function create(path: string, options: Parameters<typeof bodies.create>[2] = {}): Promise<void> {
  const opcode = options?.mode === CreateMode.container ? OpCode.createContainer : OpCode.create;
  const { err } = await live().client.request(opcode, bodies.create(path, utf8(path), options));
  assert.equal(err, ErrorCode.ok, path);
}

const back = async (options: { keep?: number; federation?: Federation } = {}): Promise<Backup> =>
  (await makeBackup({ data, out, ...options })).backup;

const copyOf = (backup: Backup, name: string): Backup => {
  const place = join(directory, name);
  mkdirSync(place);
  const stem = backup.path.split('/').at(-1) ?? '';
  for (const kind of ['state', 'json'])
    writeFileSync(join(place, `${stem}.${kind}`), readFileSync(`${backup.path}.${kind}`));
  return backupAt(join(place, `${stem}.json`));
};

describe('a backup', () => {
  it('holds what is served, and what clients are not told, without what sessions own', async () => {
    await create('/kept');
    await create('/container', { mode: CreateMode.container });
    await create('/mine', { mode: CreateMode.ephemeral });
    const { backup, census } = await makeBackup({ data, out, federation: live().federation });
    assert.deepEqual([census.ephemerals, census.containers, backup.about.leftOut.sessions], [1, 1, 1]);
    const genesis = decodeGenesis(verified(backup)) ?? assert.fail('it is a state');
    const { nodes, zxid } = await readTree(live().client, () => {});
    const served = new Map(nodes);
    served.delete('/zookeeper/config');
    assert.deepEqual(
      genesis.nodes.map(([path]) => path),
      [...served.keys()].sort(),
    );
    assert.deepEqual(new Map(genesis.nodes).get('/kept'), served.get('/kept'));
    assert.equal(new Map(genesis.nodes).get('/container')?.owner, 1);
    assert.equal(genesis.zxid, zxid);
    for (const kind of ['state', 'json'])
      assert.equal(statSync(`${backup.path}.${kind}`).mode & 0o777, 0o600);
    // What the daemon gathered does not stay behind.
    assert.equal(existsSync(placesIn(data).gathered), false);
  });

  it('is one of several, of which so many are kept, and any can be found', async () => {
    const kept: Backup[] = [];
    for (const path of ['/one', '/two', '/three']) {
      await create(path);
      kept.push(await back({ keep: 3 }));
    }
    assert.deepEqual(
      backupsIn(out).whole.map(({ path }) => path),
      kept.map(({ path }) => path),
    );
    assert.equal(readdirSync(out).length, 6);
    const [one, two, three] = kept;
    assert.ok(one && two && three);
    const found = (text: string): string => newestUntil(out, pointIn(text)).path;
    assert.equal(newestUntil(out, null).path, three.path);
    assert.equal(found(`0x${zxidOf(two).toString(16)}`), two.path);
    assert.equal(found(`${zxidOf(three) - 1}`), two.path);
    assert.equal(found(one.about.time), one.path);
    assert.throws(() => found('1'), { code: 'no-backup', message: /the oldest backup in .* is later/ });
    assert.throws(() => found('yesterday'), { code: 'bad-moment' });
    assert.throws(() => backupsIn(join(directory, 'nowhere')), { code: 'no-backup' });
  });

  it('that was cut off, damaged or changed is told, and never used', async () => {
    const backup = newestUntil(out, null);
    const hurt = (name: string, how: (file: string) => void): Backup => {
      const copy = copyOf(backup, name);
      how(`${copy.path}.state`);
      return copy;
    };
    const refused = (found: Backup, message: RegExp): void =>
      assert.throws(() => verified(found), { code: 'bad-backup', message });
    const { size } = backup.about;
    refused(
      hurt('short', (file) => truncateSync(file, size - 1)),
      new RegExp(`is cut off: ${size - 1} bytes of ${size}`),
    );
    refused(
      hurt('long', (file) => appendFileSync(file, 'x')),
      /is not what was backed up/,
    );
    refused(
      hurt('changed', (file) => {
        const bytes = readFileSync(file);
        bytes[size - 9] = (bytes[size - 9] ?? 0) ^ 1;
        writeFileSync(file, bytes);
      }),
      /was damaged or changed/,
    );
    refused(
      hurt('missing', (file) => rmSync(file)),
      /cannot be read/,
    );
    const torn = copyOf(backup, 'torn');
    truncateSync(`${torn.path}.json`, 40);
    assert.throws(() => backupAt(`${torn.path}.state`), { code: 'bad-backup', message: /cannot be read/ });
    writeFileSync(`${torn.path}.state.new`, 'half');
    rmSync(`${torn.path}.json`);
    const { whole, others } = backupsIn(join(directory, 'torn'));
    assert.deepEqual([whole.length, others.length], [0, 2]);
    assert.throws(() => newestUntil(join(directory, 'torn'), null), { code: 'no-backup' });
  });

  it('is not made beside those of another federation, nor where nothing can be written', async () => {
    const backup = copyOf(newestUntil(out, null), 'foreign');
    const text = readFileSync(`${backup.path}.json`, 'utf8');
    const foreign = text.replace(/"federation": "[0-9a-f]{64}"/, `"federation": "${'0'.repeat(64)}"`);
    writeFileSync(`${backup.path}.json`, foreign);
    await assert.rejects(makeBackup({ data, out: join(directory, 'foreign') }), { code: 'other-federation' });
    writeFileSync(join(directory, 'a-file'), '');
    await assert.rejects(makeBackup({ data, out: join(directory, 'a-file', 'below') }), {
      code: 'not-written',
    });
    // The daemon's own disk takes nothing: there is no backup, and it goes on.
    const { gathered } = placesIn(data);
    mkdirSync(`${gathered}.new`);
    await assert.rejects(back(), { code: 'not-written', message: /makes no backup: EISDIR/ });
    rmSync(`${gathered}.new`, { recursive: true });
    await create('/still-serving');
  });

  it('is one at a time', async () => {
    const { control, gathered } = placesIn(data);
    // Opening it waits for a reader, so the first backup lasts until there is one.
    execFileSync('mkfifo', [`${gathered}.new`]);
    const { ticket } = (await ask(control, 'gather')) as { ticket: string };
    assert.deepEqual(await ask(control, 'gather'), { error: 'another backup is being made' });
    assert.deepEqual(await ask(control, 'gathered 0'), { error: 'another backup was begun' });
    createReadStream(`${gathered}.new`).resume();
    for (let isDone = false; !isDone; )
      ({ isDone } = (await ask(control, `gathered ${ticket}`)) as { isDone: boolean });
    rmSync(gathered);
  });

  it('is what another federation begins with', async () => {
    const backup = await back({ keep: 1 });
    const other = join(directory, 'other');
    const member = await makeMember(other, 'bravo');
    const federation = federationOf(member, backup.about.sha256);
    adopt(`${backup.path}.state`, other, federation);
    const daemon = await startAlone(other, federation);
    const client = await clientOf(daemon);
    const [before, now] = [await readTree(live().client, () => {}), await readTree(client, () => {})];
    const rest = ({ nodes }: typeof now) => nodes.filter(([path]) => path !== '/zookeeper/config');
    assert.deepEqual(rest(now), rest(before));
    const again = await makeBackup({ data: other, out: join(directory, 'others') });
    // Its zxids go on.
    assert.ok(zxidOf(again.backup) >= zxidOf(backup));
    await client.close();
    await daemon.close();
    await assert.rejects(makeBackup({ data: other, out }), { code: 'not-running' });
  });
});
