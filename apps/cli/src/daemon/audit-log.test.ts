/** The audit log of a real daemon says what Apache ZooKeeper's said for the same requests, and its file is kept within bounds. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateMode, OpCode } from '@concordat/keeper';
import type { LiveClient } from '@concordat/keeper/edge';
import { bodies } from '@concordat/keeper/frames';
import { createLogger } from '@concordat/runtime';
import { utf8 } from '@concordat/wire';
import { clientOf, federationOf, makeMember, startAlone } from '../testing/alone.ts';
import { openAuditLog } from './audit-log.ts';

const directory = mkdtempSync(join(tmpdir(), 'audit-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const SILENT = createLogger({ write: () => {} });

/** Recorded from Apache ZooKeeper 3.8.0 with `zookeeper.audit.enable`, for the requests below. */
const OF_APACHE = `
user=ME operation=serverStart result=success
session=ONE user=127.0.0.1 ip=127.0.0.1 operation=create znode=/a znode_type=persistent result=success
session=ONE user=127.0.0.1 ip=127.0.0.1 operation=setData znode=/a result=success
session=ONE user=127.0.0.1 ip=127.0.0.1 operation=setAcl znode=/a acl=world:anyone:cdrwa result=success
session=ONE user=127.0.0.1 ip=127.0.0.1 operation=create znode=/a znode_type=persistent result=failure
session=ONE user=127.0.0.1 ip=127.0.0.1 operation=setData znode=/nope result=failure
session=ONE user=127.0.0.1 ip=127.0.0.1 operation=create znode=/a/e znode_type=ephemeral result=success
session=ONE user=127.0.0.1 ip=127.0.0.1 operation=create znode=/a/s-0000000001 znode_type=persistent_sequential result=success
session=ONE user=127.0.0.1 ip=127.0.0.1 operation=create znode=/a/es-0000000002 znode_type=ephemeral_sequential result=success
session=ONE user=127.0.0.1 ip=127.0.0.1 operation=create znode=/m znode_type=persistent result=success
session=ONE user=127.0.0.1 ip=127.0.0.1 operation=setData znode=/a result=success
session=ONE user=127.0.0.1 ip=127.0.0.1 operation=delete znode=/m result=success
session=ONE user=127.0.0.1 ip=127.0.0.1 operation=multiOperation result=failure
session=ONE user=bob,127.0.0.1 ip=127.0.0.1 operation=create znode=/b znode_type=persistent result=success
session=ONE user=bob,127.0.0.1 ip=127.0.0.1 operation=delete znode=/b result=success
session=ONE user=bob,127.0.0.1 ip=127.0.0.1 operation=delete znode=/a result=failure
session=ONE user=ME operation=ephemeralZNodeDeletionOnSessionCloseOrExpire znode=/a/es-0000000002 result=success
session=ONE user=ME operation=ephemeralZNodeDeletionOnSessionCloseOrExpire znode=/a/e result=success
`;

/** What Apache's log has no line for, and the last words of a daemon that is stopped in order. */
const OURS_ONLY = [
  'session=ONE user=bob,127.0.0.1 ip=127.0.0.1 operation=create znode=/x\\u000ay znode_type=persistent result=failure',
];
const END = 'user=ME operation=serverStop result=success';

async function play(client: LiveClient): Promise<void> {
  const { create, setData, setAcl, versioned, multi } = bodies;
  const ask = (op: number, body: Parameters<LiveClient['request']>[1]) => client.request(op, body);
  const some = utf8('x');
  await ask(OpCode.create, create('/a', some));
  await ask(OpCode.setData, setData('/a', some));
  await ask(OpCode.setACL, setAcl('/a', [{ perms: 31, scheme: 'world', id: 'anyone' }]));
  await ask(OpCode.create, create('/a', some));
  await ask(OpCode.setData, setData('/nope', some));
  await ask(OpCode.create, create('/a/e', some, { mode: CreateMode.ephemeral }));
  await ask(OpCode.create, create('/a/s-', some, { mode: CreateMode.persistentSequential }));
  await ask(OpCode.create2, create('/a/es-', some, { mode: CreateMode.ephemeralSequential }));
  const carriedOut = [
    [OpCode.create, create('/m', some)],
    [OpCode.setData, setData('/a', some)],
    [OpCode.check, versioned('/a', 2)],
    [OpCode.delete, versioned('/m')],
  ] as const;
  await ask(OpCode.multi, multi(carriedOut));
  const refused = [
    [OpCode.create, create('/m2', some)],
    [OpCode.setData, setData('/nope', some)],
  ] as const;
  await ask(OpCode.multi, multi(refused));
  await client.authenticate('digest', utf8('bob:pw'));
  await ask(OpCode.create, create('/b', some));
  await ask(OpCode.delete, versioned('/b'));
  await ask(OpCode.delete, versioned('/a'));
  await ask(OpCode.create, create('/x\ny', some));
}

test('a daemon writes the lines that Apache ZooKeeper writes', { timeout: 60_000 }, async () => {
  const place = join(directory, 'alpha');
  const auditLog = join(directory, 'audit.log');
  const daemon = await startAlone(place, federationOf(await makeMember(place)), { auditLog });
  const client = await clientOf(daemon);
  await play(client);
  await client.close();
  await daemon.close();
  assert.equal(statSync(auditLog).mode & 0o777, 0o600);
  const lines = readFileSync(auditLog, 'utf8').trimEnd().split('\n');
  const stamp = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO audit\.Slf4jAuditLogger: /;
  for (const line of lines) assert.match(line, stamp);
  const me = userInfo().username;
  const said = lines.map((line) =>
    line
      .replace(stamp, '')
      .replace(/session=0x[0-9a-f]+/, 'session=ONE')
      .replace(`user=${me}\t`, 'user=ME\t')
      .replaceAll('\t', ' '),
  );
  const theirs = OF_APACHE.trim().split('\n');
  // Apache ends the nodes of a session in the order of a hash table.
  assert.deepEqual([...said].sort(), [...theirs, ...OURS_ONLY, END].sort());
  assert.deepEqual(said.slice(0, 16), theirs.slice(0, 16));
});

test('files are turned over before they grow beyond their size, and the oldest go', async () => {
  const path = join(directory, 'small.log');
  const log = await openAuditLog(path, SILENT, { maxFileBytes: 300, files: 3 });
  for (let i = 0; i < 20; i++) {
    log.write(`line ${i} ${'.'.repeat(60)}`);
    // Some at once, some alone.
    if (i % 3 === 0) await sleep(2);
  }
  await log.close();
  const files = readdirSync(directory).filter((name) => name.startsWith('small.log'));
  assert.deepEqual(files.sort(), ['small.log', 'small.log.1', 'small.log.2', 'small.log.3']);
  const kept = ['small.log.3', 'small.log.2', 'small.log.1', 'small.log'].flatMap((name) =>
    [...readFileSync(join(directory, name), 'utf8').matchAll(/line (\d+)/g)].map(([, number]) =>
      Number(number),
    ),
  );
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, i) => 20 - kept.length + i),
  );
  for (const name of files) assert.ok(statSync(join(directory, name)).size <= 300, name);
});

test('a file that cannot be turned over grows on, and the operator is told', async () => {
  const path = join(directory, 'stuck.log');
  // A directory is in the way.
  mkdirSync(`${path}.1`);
  const told: string[] = [];
  const logger = createLogger({ write: (line) => void told.push(line), pretty: false });
  const log = await openAuditLog(path, logger, { maxFileBytes: 300, files: 1 });
  for (let i = 0; i < 9; i++) log.write(`line ${i} ${'.'.repeat(60)}`);
  await log.close();
  assert.equal(readFileSync(path, 'utf8').match(/line \d/g)?.length, 9);
  assert.ok(told.length > 0 && told.every((line) => line.includes('audit-log-not-turned-over')));
});
