/**
 * Patroni, which keeps PostgreSQL available with a lock in ZooKeeper: two nodes, synchronous, while rows are written. The node
 * that leads is killed whole while the domain that orders is down too. Every acknowledged row must be there
 * afterwards, and at no time may two databases accept writes.
 */

import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Server } from '@concordat/bench';
import { freePortRange } from '@concordat/runtime';
import { runAll } from '../suites/commands.ts';
import { findPostgres, unprivileged } from '../tools.ts';
import { killAll, type Product, productTrial, type Stage, until } from './product.ts';

const VERSION = '4.1.0';
const PACKAGES = [`patroni==${VERSION}`, 'kazoo==2.10.0', 'psycopg2-binary==2.9.13'];
/** Not one in somebody's home, which others may not read. */
const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
const SCOPE = '/service/concordat';
const NODES = [0, 1];
const PATIENCE_MS = 240_000;
const LOAD_MS = 8_000;
const WRITE_EVERY_MS = 300;
const LOOK_EVERY_MS = 500;

interface Node {
  readonly name: string;
  readonly port: number;
  readonly rest: number;
  readonly data: string;
}

interface Patroni {
  readonly stage: Stage;
  readonly program: string;
  readonly bin: string;
  readonly nodes: readonly Node[];
  readonly servers: Server[];
}

const run = promisify(execFile);

export const patroni = productTrial({
  name: 'patroni',
  title: 'Patroni with PostgreSQL',
  version: VERSION,
  summary: 'Patroni (downloaded) with PostgreSQL on the domains: one leader, no acknowledged row is lost',
  needs: ['postgres'],
  deadlineMs: 900_000,
  get: async (cache, signal) => {
    const folder = join(cache, `patroni-${VERSION}`);
    const python = join(folder, 'bin', 'python');
    const commands = [
      [PYTHON, '-m', 'venv', folder],
      [python, '-m', 'pip', 'install', '-q', ...PACKAGES],
      ['touch', join(folder, 'complete')],
    ];
    const lacks = existsSync(join(folder, 'complete'))
      ? null
      : await runAll({ cwd: cache }, commands, signal);
    if (lacks !== null) throw new Error(lacks);
    return join(folder, 'bin', 'patroni');
  },
  run: async (stage, program) => {
    const { siege, trial } = stage;
    const them = await startNodes(stage, program);
    const rows = startWriter(them);
    const looks = startLooking(them);
    await sleep(LOAD_MS);
    const before = await lockOf(stage);
    await siege.lie(() => sleep(LOAD_MS));
    const after = await lockOf(stage);
    trial.check(
      before !== null && after?.holder === before.holder && after.session === before.session,
      `${before?.holder} leads, with the same session as before the attack`,
    );
    const victim = NODES.find((id) => them.nodes[id]?.name === after?.holder) ?? 0;
    await siege.kill(() => failOver(them, victim));
    startNode(them, victim);
    trial.check(await isFollowing(them, victim), `${nameOf(victim)} is back, and follows in step`);
    await sleep(LOAD_MS);
    const acknowledged = await rows.stop();
    const { looked, most } = await looks.stop();
    trial.check(
      looked > 0 && most === 1,
      `in ${looked} looks at both databases at most ${most} accepted writes`,
    );
    await checkRows(them, acknowledged);
    await siege.checkTrees();
  },
} satisfies Product<string>);

const nameOf = (id: number): string => `pg${id}`;

async function startNodes(stage: Stage, program: string): Promise<Patroni> {
  const first = await freePortRange(NODES.length * 2);
  const nodes = NODES.map((id) => ({
    name: nameOf(id),
    port: first + id,
    rest: first + NODES.length + id,
    data: join(stage.folder, nameOf(id), 'data'),
  }));
  const them: Patroni = { stage, program, bin: findPostgres() ?? '', nodes, servers: [] };
  // What a database has started outlives whoever started it.
  stage.signal.addEventListener('abort', () => killAll(NODES.map((id) => postmasterOf(them, id))));
  own(stage.folder);
  for (const { name } of nodes) {
    const folder = join(stage.folder, name);
    mkdirSync(folder);
    own(folder);
  }
  startNode(them, 0);
  const isLed = await until(async () => (await lockOf(stage))?.holder === nameOf(0), PATIENCE_MS);
  stage.trial.check(isLed, `${nameOf(0)} has made a database and holds the lock`);
  startNode(them, 1);
  stage.trial.check(await isFollowing(them, 1), `${nameOf(1)} has copied it and follows in step`);
  await sql(them, 'create table counted (number int primary key)');
  return them;
}

/** PostgreSQL refuses to be run by root. */
function own(path: string): void {
  const user = unprivileged();
  if (user !== null) chownSync(path, user.uid, user.gid);
}

function startNode(them: Patroni, id: number): void {
  const { stage, program, nodes, servers } = them;
  const node = nodes[id];
  if (node === undefined) throw new RangeError(`no node ${id}`);
  const file = join(stage.folder, `${node.name}.yaml`);
  writeFileSync(file, JSON.stringify(settings(them, node), null, 2));
  const user = unprivileged();
  const asOwner =
    user === null ? [] : ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  const env = { HOME: stage.folder, LC_ALL: 'C.UTF-8' };
  servers[id] = stage.start(node.name, [...asOwner, program, file], env);
}

/** Patroni's defaults, and two copies of every row before it is acknowledged. YAML is a superset of JSON. */
const settings = (them: Patroni, node: Node): object => ({
  scope: 'concordat',
  name: node.name,
  restapi: { listen: `127.0.0.1:${node.rest}`, connect_address: `127.0.0.1:${node.rest}` },
  zookeeper: { hosts: them.stage.siege.addresses },
  bootstrap: {
    dcs: { ttl: 30, loop_wait: 10, retry_timeout: 10, synchronous_mode: true },
    initdb: [{ encoding: 'UTF8' }, { auth: 'trust' }],
  },
  postgresql: {
    listen: `127.0.0.1:${node.port}`,
    connect_address: `127.0.0.1:${node.port}`,
    data_dir: node.data,
    bin_dir: them.bin,
    pgpass: join(them.stage.folder, node.name, 'pgpass'),
    use_pg_rewind: true,
    parameters: { unix_socket_directories: join(them.stage.folder, node.name), shared_buffers: '32MB' },
    pg_hba: [
      'local all all trust',
      'host all all 127.0.0.1/32 trust',
      'host replication all 127.0.0.1/32 trust',
    ],
    authentication: {
      superuser: { username: 'postgres', password: 'postgres' },
      replication: { username: 'replicator', password: 'replicator' },
    },
  },
});

interface Lock {
  readonly holder: string;
  readonly session: bigint;
}

async function lockOf({ siege }: Stage): Promise<Lock | null> {
  await siege.session.sync('/');
  const found = await siege.session.get(`${SCOPE}/leader`);
  if (found.kind !== 'ok') return null;
  return { holder: found.value.data.toString(), session: found.value.stat.ephemeralOwner };
}

/** Is the node the one without which nothing is acknowledged? */
async function isFollowing({ stage }: Patroni, id: number): Promise<boolean> {
  const { session } = stage.siege;
  return until(async () => {
    await session.sync('/');
    const found = await session.get(`${SCOPE}/sync`);
    if (found.kind !== 'ok') return false;
    const { sync_standby }: { readonly sync_standby?: string | null } = JSON.parse(
      found.value.data.toString(),
    );
    return sync_standby === nameOf(id);
  }, PATIENCE_MS);
}

/** Asks the database that accepts writes, or that of one node. */
async function sql(them: Patroni, statement: string, only?: Node): Promise<string> {
  const nodes = only === undefined ? them.nodes : [only];
  const ports = nodes.map(({ port }) => port).join(',');
  const hosts = nodes.map(() => '127.0.0.1').join(',');
  const which = only === undefined ? ' target_session_attrs=read-write' : '';
  const where = `host=${hosts} port=${ports} user=postgres dbname=postgres connect_timeout=5${which}`;
  const flags = ['--no-psqlrc', '--tuples-only', '--no-align', '--dbname', where, '--command', statement];
  return (await run(join(them.bin, 'psql'), flags, { timeout: 60_000 })).stdout.trim();
}

/** kill -9 of Patroni and its database; the other must take the lock, and rows can be written. */
async function failOver(them: Patroni, victim: number): Promise<void> {
  const { stage, servers } = them;
  const startedAt = performance.now();
  killAll([servers[victim]?.child.pid ?? 0, postmasterOf(them, victim)]);
  await servers[victim]?.gone;
  const heir = nameOf(NODES.find((id) => id !== victim) ?? 0);
  const isMoved = await until(async () => (await lockOf(stage))?.holder === heir, PATIENCE_MS);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
  stage.trial.check(isMoved, `${nameOf(victim)}, the leader, is killed: ${heir} leads after ${seconds} s`);
  const accepts = (): Promise<boolean> =>
    sql(them, 'insert into counted values (-1)').then(
      () => true,
      () => false,
    );
  stage.trial.check(await until(accepts, PATIENCE_MS), `${heir} accepts rows`);
}

/** 0 if there is none. */
function postmasterOf(them: Patroni, id: number): number {
  const file = join(them.nodes[id]?.data ?? '', 'postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0;
}

/** Writes numbers, one after the other, until it is stopped; resolves with those that were acknowledged. */
function startWriter(them: Patroni): { stop(): Promise<readonly number[]> } {
  const acknowledged: number[] = [];
  let isOver = false;
  const writing = (async () => {
    for (let number = 1; !isOver && !them.stage.signal.aborted; number++) {
      await sql(them, `insert into counted values (${number})`).then(
        () => acknowledged.push(number),
        // Nobody leads just now: whether this one was written is not known.
        () => {},
      );
      await sleep(WRITE_EVERY_MS);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await writing;
      return acknowledged;
    },
  };
}

/** Asks both databases again and again; a database that cannot be asked accepts nothing. */
function startLooking(them: Patroni): {
  stop(): Promise<{ readonly looked: number; readonly most: number }>;
} {
  let looked = 0;
  let most = 0;
  let isOver = false;
  const looking = (async () => {
    while (!isOver && !them.stage.signal.aborted) {
      const answers = await Promise.all(
        them.nodes.map((node) => sql(them, 'select pg_is_in_recovery()', node).catch(() => '')),
      );
      most = Math.max(most, answers.filter((answer) => answer === 'f').length);
      looked++;
      await sleep(LOOK_EVERY_MS);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await looking;
      return { looked, most };
    },
  };
}

async function checkRows(them: Patroni, acknowledged: readonly number[]): Promise<void> {
  for (const node of them.nodes) {
    let missing = acknowledged;
    await until(async () => {
      const found = await sql(them, 'select number from counted', node).catch(() => '');
      const rows = new Set(found.split('\n').map(Number));
      missing = acknowledged.filter((number) => !rows.has(number));
      return missing.length === 0;
    }, PATIENCE_MS / 4);
    them.stage.trial.check(
      acknowledged.length > 0 && missing.length === 0,
      `${node.name} has all ${acknowledged.length} acknowledged rows (${missing.length} missing)`,
    );
  }
}
