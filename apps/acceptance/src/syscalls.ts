/**
 * That durability is real: the system calls of all servers, traced under a short load, show that no acknowledgement
 * enters a client's socket before enough servers have written that very request to a file and synced it. The same
 * question is put to an Apache ensemble that does not sync; a check that finds nothing there would prove nothing.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  apacheMissing,
  type Cluster,
  type Connection,
  connect,
  MODE,
  OP,
  startApache,
  writeCreate,
  writeSetData,
} from '@concordat/bench';
import { acknowledgedWrites, judge, type Verdict } from './durability.ts';
import { type Call, parseStrace } from './strace.ts';
import { type Running, start } from './tools.ts';
import type { Acceptance, Trial } from './trial.ts';
import { within } from './wait.ts';

const ALONE = 25;
const TOGETHER = 200;
const CALLS =
  'read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,pwritev,pwritev2,fsync,fdatasync,' +
  'sync_file_range,msync,io_uring_enter';
/** Calls that move bytes to a disk in ways that this trial does not follow. */
const UNSEEN = new Set(['pwritev2', 'sync_file_range', 'msync', 'io_uring_enter']);

export const syscalls: Acceptance = {
  name: 'syscalls',
  summary: 'system-call traces: no acknowledgement before enough completed syncs',
  needs: ['strace'],
  deadlineMs: 240_000,
  run: async (trial) => {
    const cluster = await trial.cluster();
    const verdicts = await traceLoad(trial, cluster);
    const short = verdicts.filter((verdict) => verdict.durable < cluster.durableAt);
    const unsynced = verdicts.filter((verdict) => verdict.synced < cluster.durableAt);
    describe(trial, verdicts);
    const expected = cluster.endpoints.length * (ALONE + TOGETHER);
    trial.check(
      verdicts.length === expected,
      `${verdicts.length} of ${expected} acknowledged writes were traced`,
    );
    trial.check(
      unsynced.length === 0,
      `every reply follows ${cluster.durableAt} syncs begun after its request ${example(unsynced)}`,
    );
    trial.check(
      short.length === 0,
      `every reply follows ${cluster.durableAt} syncs of files that hold its request ${example(short)}`,
    );
    await control(trial);
  },
};

/** The same on servers that acknowledge without syncing: most writes must be found out. */
async function control(trial: Trial): Promise<void> {
  const missing = apacheMissing();
  if (missing !== null) return trial.note(`no control run: ${missing}`);
  const careless = await startApache({ settings: ['forceSync=no'] });
  try {
    const verdicts = await traceLoad(trial, careless);
    const short = verdicts.filter((verdict) => verdict.durable < careless.durableAt);
    trial.check(
      short.length > verdicts.length / 2,
      `control: ${short.length} of ${verdicts.length} writes are refused where servers do not sync`,
    );
  } finally {
    await careless.stop();
  }
}

function describe(trial: Trial, verdicts: readonly Verdict[]): void {
  const histogram = new Map<number, number>();
  for (const { durable } of verdicts) histogram.set(durable, (histogram.get(durable) ?? 0) + 1);
  const counts = [...histogram].sort(([a], [b]) => a - b).map(([servers, count]) => `${count} at ${servers}`);
  trial.note(`writes durable at how many servers when acknowledged: ${counts.join(', ')}`);
}

const example = (verdicts: readonly Verdict[]): string =>
  verdicts[0] === undefined ? '' : `(${verdicts.length} do not, such as ${JSON.stringify(verdicts[0])})`;

/** Attaches a tracer to each server, writes through every endpoint, and judges what was acknowledged. */
async function traceLoad(trial: Trial, cluster: Cluster): Promise<Verdict[]> {
  const files = cluster.endpoints.map((_, domain) => join(cluster.dataDir, `trace-${domain}`));
  const tracers = await Promise.all(files.map((file, domain) => attach(trial, cluster.pid(domain), file)));
  const ports: number[] = [];
  for (const [domain, endpoint] of cluster.endpoints.entries()) {
    const connection = await connect(endpoint);
    ports.push(connection.localPort);
    await writeThrough(connection, domain);
    await connection.close();
  }
  for (const tracer of tracers) tracer.interrupt();
  await Promise.all(tracers.map((tracer) => within(tracer.ended, 30_000, 'the tracer detaches')));
  const servers = files.map((file): Call[] => parseStrace(readFileSync(file, 'latin1')));
  const unseen = servers.flat().find((call) => UNSEEN.has(call.name));
  if (unseen !== undefined) trial.check(false, `a server uses ${unseen.name}, which the trace cannot judge`);
  return servers.flatMap((calls, domain) =>
    acknowledgedWrites(calls, cluster.endpoints[domain]?.port ?? 0, ports[domain] ?? 0).map((acknowledged) =>
      judge(acknowledged, servers),
    ),
  );
}

async function attach(trial: Trial, pid: number, file: string): Promise<Running> {
  const form = ['-f', '-ttt', '-T', '-yy', '-xx', '-s', '2000000', '-e', `trace=${CALLS}`];
  const tracer = start('strace', [...form, '-o', file, '-p', String(pid)], trial.signal);
  await within(
    tracer.heard((line) => line.includes('attached')),
    15_000,
    'strace attaches',
  );
  return tracer;
}

/** Writes one after the other, then many at once; every value holds a marker of its own. */
async function writeThrough(connection: Connection, domain: number): Promise<void> {
  const path = `/syscalls-${domain}`;
  const marked = (n: number): Buffer => Buffer.from(`mark-${domain}x${n}-end`);
  const send = (n: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const done = (reply: { error: number } | null): void =>
        reply?.error === 0 ? resolve() : reject(new Error(`write ${n} failed: ${reply?.error}`));
      if (n > 0) connection.request(OP.setData, (w) => writeSetData(w, path, marked(n), -1), done);
      else connection.request(OP.create, (w) => writeCreate(w, path, marked(n), MODE.persistent), done);
    });
  for (let n = 0; n < ALONE; n++) await send(n);
  await Promise.all(Array.from({ length: TOGETHER }, (_, n) => send(ALONE + n)));
}
