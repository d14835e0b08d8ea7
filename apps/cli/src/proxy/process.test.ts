/** A proxy as a process of its own, as operators run it: killed without warning, it comes back with its clients' sessions. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CreateMode, ErrorCode, EventType, OpCode } from '@concordat/keeper';
import { connectLive } from '@concordat/keeper/edge';
import { bodies } from '@concordat/keeper/frames';
import { createLogger, freePort } from '@concordat/runtime';
import { formatFederation, type Member, parseProxyCards, readFederation } from '../config/federation.ts';
import { placesIn } from '../config/organisation.ts';
import { type Daemon, startDaemon } from '../daemon/daemon.ts';
import { clientPortOf, HERE, makeMember } from '../testing/alone.ts';
import { type HeldSession, holdSession } from '../testing/session.ts';
import { until } from '../testing/until.ts';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const DEADLINE_MS = 60_000;
const parent = mkdtempSync(join(tmpdir(), 'proxy-process-'));
const at = (name: string): string => join(parent, name);
const FEDERATION = at('federation.yaml');
const daemons: Daemon[] = [];
const children = new Set<ChildProcess>();

after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(daemons.map((daemon) => daemon.close()));
  rmSync(parent, { recursive: true, force: true });
});

interface Ended {
  readonly status: number | null;
  readonly said: string;
  readonly errors: string;
}

/** Runs `concordat keeper proxy` with these words to its end. */
async function proxy(...words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, 'keeper', 'proxy', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
  });
  let said = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const [status] = await once(child, 'close');
  return { status, said, errors };
}

/** One that runs until it is killed. */
async function start(ports: readonly [clients: number, monitor: number]): Promise<ChildProcess> {
  const [clients, monitor] = ports.map((port) => `${HERE}:${port}`);
  const child = spawn(
    process.execPath,
    [
      ...[MAIN, 'keeper', 'proxy', '--data', at('shop'), '--federation', FEDERATION],
      ...['--clients', `${clients}`, '--monitor', `${monitor}`],
    ],
    { stdio: 'ignore' },
  );
  children.add(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  children.delete(child);
}

const fires = (session: HeldSession, path: string): Promise<void> =>
  until(`the watch of ${path}`, () => session.events.includes(`${EventType.dataChanged} ${path}`));

test('what an operator is told: help, what is missing, and which secret others can read', async () => {
  const help = await proxy('--help');
  assert.equal(help.status, 0);
  for (const part of ['init', 'status', '--admitted-as', 'r + 1']) assert.ok(help.said.includes(part), part);

  const card = await proxy('init', 'shop', '--data', at('shop'));
  assert.equal(card.status, 0);
  assert.deepEqual(
    parseProxyCards(card.said)?.map(({ name }) => name),
    ['shop'],
  );
  // A proxy has nothing to approve.
  assert.deepEqual(readdirSync(at('shop')).sort(), ['evidence', 'identity.json', 'journal']);
  assert.equal(statSync(at('shop')).mode & 0o777, 0o700);
  assert.equal(statSync(placesIn(at('shop')).identity).mode & 0o777, 0o600);
  assert.match((await proxy('init', 'shop', '--data', at('shop'))).errors, /already holds an identity/);

  const members: Member[] = [];
  for (const name of ['alpha', 'bravo', 'charlie', 'delta']) members.push(await makeMember(at(name), name));
  writeFileSync(FEDERATION, formatFederation(1, 1, members));
  const given = ['--data', at('shop'), '--federation', FEDERATION];
  const complaint = async (...words: readonly string[]): Promise<string> => {
    const { status, errors } = await proxy(...words);
    assert.equal(status, 1);
    return errors;
  };
  assert.match(await complaint(...given), /\(shop\) is not in the federation file[\s\S]*--admitted-as/);
  const proxies = card.said
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => `  ${line}`);
  writeFileSync(FEDERATION, `${formatFederation(1, 1, members)}\nproxies:\n${proxies.join('\n')}\n`);
  assert.equal(readFederation(FEDERATION).proxies?.length, 1);

  assert.match(await complaint('--data', at('shop')), /--federation/);
  assert.match(
    await complaint('--data', at('nowhere'), '--federation', FEDERATION),
    /cannot read .*identity\.json[\s\S]*concordat keeper proxy init NAME/,
  );
  assert.equal(existsSync(at('nowhere')), false);
  assert.match(
    await complaint('--data', at('shop'), '--federation', at('none.yaml')),
    /cannot read .*none\.yaml/,
  );
  const key = at('key.pem');
  writeFileSync(key, 'a key');
  chmodSync(key, 0o644);
  const secure = ['--clients-tls', `${HERE}:1`, '--clients-tls-key', key, '--clients-tls-cert', key];
  assert.match(await complaint(...given, ...secure), /others may use .*key\.pem \(mode 0644\)/);
  assert.match((await proxy('status', '--data', at('shop'))).errors, /concordat:/);
  const { identity } = placesIn(at('shop'));
  chmodSync(identity, 0o644);
  assert.match(await complaint(...given), /others may use .*identity\.json \(mode 0644\): chmod 600 /);
  chmodSync(identity, 0o600);
});

test('a proxy that is killed comes back with the sessions, ephemerals and watches of its clients', async () => {
  const federation = readFederation(FEDERATION);
  const anywhere = { host: HERE, port: 0 };
  const common = { federation, clients: anywhere, monitor: anywhere, superDigest: null };
  for (const { name } of federation.members)
    daemons.push(
      await startDaemon({ ...common, directory: at(name), logger: createLogger({ level: 'error' }) }),
    );
  const [alpha] = daemons;
  assert.ok(alpha !== undefined);
  const ports = [await freePort(), await freePort()] as const;
  const first = await start(ports);
  const client = await holdSession(ports[0]);
  const { session } = client.granted;
  const ephemeral = bodies.create('/here', null, { mode: CreateMode.ephemeral });
  assert.equal(await client.request(OpCode.create, ephemeral), ErrorCode.ok);
  for (const path of ['/down', '/up']) {
    assert.equal(await client.request(OpCode.create, bodies.create(path, null)), ErrorCode.ok);
    assert.equal(await client.request(OpCode.getData, bodies.watched(path, true)), ErrorCode.ok);
  }
  assert.equal(JSON.parse((await proxy('status', '--data', at('shop'))).said).domain, 96);

  await kill(first);
  const member = await connectLive({ host: HERE, port: clientPortOf(alpha) });
  const write = async (path: string): Promise<void> =>
    assert.equal((await member.request(OpCode.setData, bodies.setData(path, null))).err, ErrorCode.ok);
  await write('/down');
  const second = await start(ports);
  const again = await holdSession(ports[0], client);
  assert.deepEqual(again.granted.session, session);
  assert.ok(again.granted.timeoutMs > 0);
  assert.equal(await again.request(OpCode.exists, bodies.watched('/here')), ErrorCode.ok);
  await member.request(OpCode.sync, bodies.path('/'));
  assert.equal((await member.request(OpCode.exists, bodies.watched('/here'))).err, ErrorCode.ok);

  // What changed meanwhile fires at once, and the rest when somebody writes, in whatever domain.
  again.watchAgain(client.zxid, ['/down', '/up']);
  await fires(again, '/down');
  assert.equal(again.events.length, 1);
  await write('/up');
  await fires(again, '/up');
  assert.equal(await again.request(OpCode.closeSession, () => {}), ErrorCode.ok);
  again.drop();
  await member.request(OpCode.sync, bodies.path('/'));
  assert.equal((await member.request(OpCode.exists, bodies.watched('/here'))).err, ErrorCode.noNode);
  await member.close();
  await kill(second);
});
