/**
 * kill -9 of one domain under load, a backup first and then the one that orders: clients of the others go on, its own
 * move with their session, ephemerals and watches, and it catches up once it is back.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, ERROR, MODE, startSyncProbe } from '@concordat/bench';
import { openSession, type Session } from './session.ts';
import { startSurvivor } from './survivor.ts';
import type { Acceptance, Trial } from './trial.ts';
import { eventually } from './wait.ts';
import { audit, must, startWorker, type Worker } from './worker.ts';

const WORKERS_PER_ENDPOINT = 3;
const LANES = 3;
const LOAD_BEFORE_MS = 2_500;
const LOAD_AFTER_MS = 6_000;
const STALL_BAR_MS = 2_000;
/** A run on a disk slower than this says nothing about the protocol. */
const SYNC_LIMIT_MS = 500;
const ATTEMPTS = 3;

export const killOne: Acceptance = {
  name: 'kill-one',
  summary: 'kill -9 of one domain under load, also of the primary',
  needs: ['kazoo'],
  deadlineMs: 300_000,
  run: async (trial) => {
    const cluster = await trial.cluster();
    for (const role of ['backup', 'primary'] as const) {
      for (let attempt = 1; !(await killUnderLoad(trial, cluster, role, attempt)); attempt++) {
        trial.note(`the disk stalled for more than ${SYNC_LIMIT_MS} ms: again`);
      }
    }
  },
};

/** One kill from beginning to end; false when the disk was too slow for it to count. */
async function killUnderLoad(
  trial: Trial,
  cluster: Cluster,
  role: 'backup' | 'primary',
  attempt: number,
): Promise<boolean> {
  const primary = (await cluster.primary()) ?? 0;
  const victim = role === 'primary' ? primary : (primary + 1) % cluster.endpoints.length;
  const what = `kill -9 of domain ${victim}, ${role === 'primary' ? 'the primary' : 'a backup'}`;
  const root = `/kill-${role}-${attempt}`;
  const outsider = await openSession({
    endpoints: cluster.endpoints,
    first: (victim + 1) % cluster.endpoints.length,
  });
  await must(outsider.create(root, Buffer.alloc(0), MODE.persistent));
  const workers = await startWorkers(cluster, root);
  const survivor = await startSurvivor(trial, cluster, victim, root);
  await Promise.all(workers.map((worker) => worker.watch()));
  await sleep(LOAD_BEFORE_MS);

  const probe = startSyncProbe(cluster.dataDir, 50);
  const killedAt = performance.now();
  await cluster.kill9(victim);
  await sleep(LOAD_AFTER_MS);
  const sync = await probe.stop();
  const over = performance.now();
  const others = workers.filter((worker) => worker.home !== victim);
  const stallMs = Math.max(...others.map((worker) => worker.longestGapMs(killedAt, over)));
  const moveMs = Math.max(
    ...workers
      .filter((worker) => worker.home === victim)
      .map((worker) => worker.longestGapMs(killedAt, over)),
  );
  const figures = `longest stall ${stallMs.toFixed(0)} ms, longest fdatasync ${sync.longestMs.toFixed(0)} ms`;
  const counts = sync.longestMs <= SYNC_LIMIT_MS || stallMs < STALL_BAR_MS || attempt >= ATTEMPTS;
  if (counts) {
    trial.note(`${what}: ${figures}; its own clients moved within ${moveMs.toFixed(0)} ms`);
    trial.bar(
      stallMs < STALL_BAR_MS,
      `${what}: clients of the others stall less than ${STALL_BAR_MS} ms (${figures})`,
    );
    await checkSurvivors(trial, what, workers, outsider);
    await survivor.check(trial, what, outsider);
  }
  await cluster.restart(victim);
  await Promise.all(workers.map((worker) => worker.rest()));
  if (counts) await checkCaughtUp(trial, what, cluster, victim, workers);
  survivor.stop();
  await Promise.all([...workers.map((worker) => worker.session.close()), outsider.close()]);
  return counts;
}

function startWorkers(cluster: Cluster, root: string): Promise<Worker[]> {
  const { endpoints } = cluster;
  const starts = endpoints.flatMap((_, home) =>
    Array.from({ length: WORKERS_PER_ENDPOINT }, (__, number) =>
      startWorker({ endpoints, home, number, root, lanes: LANES }),
    ),
  );
  return Promise.all(starts);
}

/** Sessions, ephemerals and watches of all workers, wherever they are connected now. */
export async function checkSurvivors(
  trial: Trial,
  what: string,
  workers: readonly Worker[],
  outsider: Session,
): Promise<void> {
  const connected = await eventually(() => workers.every(({ session }) => session.isConnected), 20_000);
  trial.check(connected, `${what}: every client is connected again`);
  const kept = workers.filter(
    (worker) => !worker.session.isExpired && worker.session.id === worker.sessionIdAtStart,
  );
  trial.check(
    kept.length === workers.length,
    `${what}: ${kept.length} of ${workers.length} sessions survived`,
  );
  await must(outsider.sync('/'));
  const owners = await Promise.all(workers.map((worker) => outsider.exists(worker.ephemeral)));
  const owned = owners.filter(
    (found, i) => found.kind === 'ok' && found.value.ephemeralOwner === workers[i]?.sessionIdAtStart,
  );
  trial.check(
    owned.length === workers.length,
    `${what}: ${owned.length} of ${workers.length} ephemerals are there`,
  );
  const before = workers.map((worker) => worker.fired);
  for (const worker of workers) await must(outsider.set(worker.watched, Buffer.from('changed'), -1));
  await eventually(() => workers.every((worker, i) => worker.fired > (before[i] ?? 0)), 10_000);
  const fired = workers.filter((worker, i) => worker.fired === (before[i] ?? 0) + 1);
  trial.check(
    fired.length === workers.length,
    `${what}: ${fired.length} of ${workers.length} watches fired once`,
  );
}

async function checkCaughtUp(
  trial: Trial,
  what: string,
  cluster: Cluster,
  victim: number,
  workers: readonly Worker[],
): Promise<void> {
  const contradictions = workers.flatMap((worker) => worker.contradictions);
  trial.check(
    contradictions.length === 0,
    `${what}: every client reads its own writes ${contradictions.slice(0, 3)}`,
  );
  const wrong = await audit(cluster.endpoints, victim, workers);
  const writes = workers.reduce((sum, worker) => sum + worker.ledger.acknowledgements, 0);
  trial.check(
    wrong.length === 0,
    `${what}: back, it shows all ${writes} acknowledged writes ${wrong.slice(0, 3)}`,
  );
  const differing = await differences(cluster, victim, workers);
  trial.check(differing.length === 0, `${what}: its reads equal the others' ${differing.slice(0, 3)}`);
}

/** Paths whose data or Stat differ between the victim's endpoint and the next one. */
async function differences(cluster: Cluster, victim: number, workers: readonly Worker[]): Promise<string[]> {
  const [here, there] = await Promise.all(
    [victim, (victim + 1) % cluster.endpoints.length].map((endpoint) =>
      openSession({ endpoints: cluster.endpoints.slice(endpoint, endpoint + 1) }),
    ),
  );
  if (here === undefined || there === undefined) return ['no session'];
  await Promise.all([must(here.sync('/')), must(there.sync('/'))]);
  const show = async (session: Session, path: string): Promise<string> => {
    const found = await session.get(path);
    if (found.kind !== 'ok')
      return found.kind === 'failed' && found.error === ERROR.noNode ? 'none' : found.kind;
    const { data, stat } = found.value;
    return `${data} ${Object.values(stat).join(' ')}`;
  };
  const paths = workers.flatMap(({ ledger }) => [...ledger.paths]);
  const pairs = await Promise.all(
    paths.map(async (path) => ({ path, a: await show(here, path), b: await show(there, path) })),
  );
  await Promise.all([here.close(), there.close()]);
  return pairs.filter(({ a, b }) => a !== b).map(({ path, a, b }) => `${path}: ${a} / ${b}`);
}
