/**
 * Moving from Apache ZooKeeper to a federation and back, with the commands that an operator types: what is served after
 * each step is compared node by node, with whole Stats. Snapshots are taken while several clients write, so the log
 * repeats what they have.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { apacheMissing, type Cluster, startApache } from '@concordat/bench';
import { CreateMode, decodeGenesis, OpCode } from '@concordat/keeper';
import {
  changeTree,
  connectLive,
  growTree,
  type LiveClient,
  VARIED_CREDENTIAL,
} from '@concordat/keeper/edge';
import { bodies } from '@concordat/keeper/frames';
import { freePort } from '@concordat/runtime';
import { utf8 } from '@concordat/wire';

const DEADLINE_MS = 240_000;
const MAIN = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));
const AUTH = ['--auth', `digest:${VARIED_CREDENTIAL}`];
const HERE = '127.0.0.1';
/** A snapshot every few transactions; containers and nodes with a TTL stay as they are meanwhile. */
const SETTINGS = [
  'extendedTypesEnabled=true',
  'snapCount=150',
  'znode.container.checkIntervalMs=10000000',
  'preAllocSize=256',
];
const WRITERS = 4;
const WRITES = 400;

const run = promisify(execFile);

/** A command line; no word in it contains a space. */
const concordat = async (line: string): Promise<string> =>
  (await run(process.execPath, [MAIN, ...line.split(' ')])).stdout;

const portOf = ({ endpoints }: Cluster): number => endpoints[0]?.port ?? 0;

const connect = (port: number): Promise<LiveClient> =>
  connectLive({ host: HERE, port, auth: [{ scheme: 'digest', credential: utf8(VARIED_CREDENTIAL) }] });

/** Creates, changes and deletes below one path, many requests at once, in a session with ephemeral nodes that then ends. */
async function write(port: number, writer: number): Promise<void> {
  const client = await connect(port);
  await client.request(OpCode.create, bodies.create(`/w${writer}`, null));
  const requests = Array.from({ length: WRITES }, (_, i) => {
    const path = `/w${writer}/${i % 40}`;
    const mode = i % 7 === 0 ? CreateMode.ephemeral : CreateMode.persistent;
    if (i % 5 < 2) return client.request(OpCode.create, bodies.create(path, utf8(`${i}`), { mode }));
    if (i % 5 === 2) return client.request(OpCode.delete, bodies.versioned(path));
    return client.request(OpCode.setData, bodies.setData(path, utf8(`${writer} ${i}`)));
  });
  await Promise.all(requests);
  await client.close();
}

/** Everything from the data directory of a server alone, for another that has not started yet. */
const dataOf = (cluster: Cluster): string => join(cluster.dataDir, '0');

interface Member {
  readonly child: ChildProcess;
  readonly port: number;
}

async function serve(directory: string, state: string, digest: string): Promise<Member> {
  const data = join(directory, 'alpha');
  const address = `${HERE}:${await freePort()}`;
  const card = await concordat(`init alpha --data ${data} --address ${address}`);
  const federation = join(directory, 'federation.yaml');
  writeFileSync(federation, `version: 1\nu: 0\nr: 0\nimport: ${digest}\nmembers:\n${card}`);
  await concordat(`keeper adopt ${state} --data ${data} --federation ${federation}`);
  const port = await freePort();
  const places = ['--clients', `${HERE}:${port}`, '--monitor', `${HERE}:${await freePort()}`];
  const child = spawn(
    process.execPath,
    [MAIN, 'serve', '--data', data, '--federation', federation, ...places],
    {
      stdio: 'ignore',
    },
  );
  for (const end = Date.now() + 60_000; ; await sleep(100)) {
    const client = await connect(port).catch(() => null);
    await client?.close();
    if (client !== null) return { child, port };
    assert.ok(Date.now() < end && child.exitCode === null, 'it serves');
  }
}

/** What is beside `/zookeeper/config`, which tells the members. */
async function compare(...ports: readonly number[]): Promise<number> {
  const { stdout } = await run(
    process.execPath,
    [MAIN, 'keeper', 'compare', ...ports.map((port) => `${HERE}:${port}`), ...AUTH, '--json'],
    { maxBuffer: 2 ** 26 },
  ).catch((error: unknown) => error as { stdout: string });
  const found = JSON.parse(stdout) as { nodes: number; differences: { path: string }[] };
  const differences = found.differences.filter(({ path }) => path !== '/zookeeper/config');
  assert.deepEqual(differences, []);
  return found.nodes;
}

/** The tree of a state file, without what clients are not told. */
function shownIn(state: string): readonly (readonly [string, unknown])[] {
  const { nodes } = decodeGenesis(readFileSync(state)) ?? assert.fail(`${state} is a state`);
  // A session's id would be larger: containers and nodes with a TTL have owners, too.
  return nodes.map(([path, node]) => [path, { ...node, data: node.data ?? new Uint8Array(0), owner: 0 }]);
}

/** Read from the running server, as one of several of which the first does not answer, it is what its files say. */
async function importsTheSame(port: number, state: string, live: string): Promise<void> {
  const servers = `${HERE}:${await freePort()},${HERE}:${port}`;
  const told = await concordat(`keeper import ${servers} ${AUTH.join(' ')} --out ${live}`);
  assert.match(told, /^import: [0-9a-f]{64}$/m);
  assert.doesNotMatch(told, /came meanwhile|went unnoticed/);
  assert.deepEqual(shownIn(live), shownIn(state));
  await assert.rejects(concordat(`keeper import ${servers} --out ${live}2`), /may not be read|without their/);
}

test('a tree moves from Apache ZooKeeper to a federation and back', {
  timeout: DEADLINE_MS,
  skip: apacheMissing() ?? false,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'moving-'));
  const apache = await startApache({ servers: 1, settings: SETTINGS, keepData: true });
  const stops: (() => Promise<void> | void)[] = [
    () => rmSync(directory, { recursive: true, force: true }),
    () => rmSync(apache.dataDir, { recursive: true, force: true }),
    () => apache.stop(),
  ];
  try {
    const client = await connect(portOf(apache));
    await growTree(client);
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(portOf(apache), writer)));
    await changeTree(client);
    await client.close();
    await apache.killAll();
    const copied = join(directory, 'zookeeper');
    cpSync(dataOf(apache), copied, { recursive: true });
    assert.ok(
      readdirSync(join(copied, 'version-2')).filter((name) => name.startsWith('snapshot.')).length > 3,
    );

    const [state, again] = [join(directory, 'zookeeper.state'), join(directory, 'again.state')];
    const told = await concordat(`keeper import ${copied} --out ${state}`);
    const digest = /^import: ([0-9a-f]{64})$/m.exec(told)?.[1] ?? assert.fail(told);
    assert.match(told, /^left out: 0 ephemeral nodes of \d+ sessions$/m);
    // From the oldest snapshot and all of the logs.
    const files = readdirSync(join(copied, 'version-2')).map((name) => join(copied, 'version-2', name));
    const oldest = join(copied, 'version-2', 'snapshot.0');
    const logs = files.filter((file) => /log\.[0-9a-f]+$/.test(file));
    await concordat(`keeper import ${[oldest, ...logs].join(' ')} --out ${again}`);
    assert.deepEqual(readFileSync(again), readFileSync(state));

    await apache.restartAll();
    await importsTheSame(portOf(apache), state, join(directory, 'live.state'));
    const member = await serve(directory, state, digest);
    stops.push(() => void member.child.kill('SIGKILL'));
    const nodes = await compare(portOf(apache), member.port);
    assert.ok(nodes > 120, `${nodes}`);
    await apache.killAll();

    const fresh = await startApache({ servers: 1, settings: SETTINGS });
    stops.push(() => fresh.stop());
    await fresh.killAll();
    // As any client reads it, and as the daemon writes it itself, with the types of nodes.
    for (const from of [`${HERE}:${member.port} ${AUTH.join(' ')}`, `--data ${join(directory, 'alpha')}`]) {
      rmSync(join(dataOf(fresh), 'version-2'), { recursive: true });
      await concordat(`keeper export ${from} --out ${dataOf(fresh)}`);
      await fresh.restartAll();
      assert.equal(await compare(portOf(fresh), member.port), nodes);
      await fresh.killAll();
    }
    const moved = await concordat(`keeper import ${dataOf(fresh)} --out ${join(directory, 'back.state')}`);
    const kinds = /\d+ containers, \d+ with a TTL, \d+ quotas/;
    assert.match(told, /[1-9]\d* containers, [1-9]\d* with a TTL, 1 quotas/);
    assert.deepEqual(kinds.exec(moved)?.[0], kinds.exec(told)?.[0]);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
});
