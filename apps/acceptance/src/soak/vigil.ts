/**
 * Sessions that their clients keep alive throughout a soak: each has an ephemeral node, pings, and moves to another endpoint
 * when its own fails. None of them may expire. A deserter, which falls silent in the beginning, must.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, ERROR, MODE } from '@concordat/bench';
import { openSession, type Session } from '../session.ts';
import type { Trial } from '../trial.ts';
import { eventually } from '../wait.ts';
import { must } from '../worker.ts';

export interface Vigil {
  /** While a domain lies nobody stays with it: who trusts a liar may be told that its session expired. */
  shun(liar: number | null): void;
  check(trial: Trial): Promise<void>;
}

interface Watcher {
  readonly session: Session;
  readonly id: bigint;
  readonly path: string;
}

const ROOT = '/vigil';
const PER_ENDPOINT = 2;
const TIMEOUT_MS = 20_000;
const DESERTER_MS = 6_000;
/** Leases stand still while the service does. */
const PATIENCE_MS = 60_000;

export async function startVigil({ endpoints }: Cluster): Promise<Vigil> {
  let shunned: number | null = null;
  const founder = await openSession({ endpoints });
  await must(founder.create(ROOT, Buffer.alloc(0), MODE.persistent));
  await founder.close();
  const avoids = (endpoint: number): boolean => endpoint === shunned;
  const watchers = await Promise.all(
    endpoints.flatMap((_, first) =>
      Array.from({ length: PER_ENDPOINT }, async (__, number): Promise<Watcher> => {
        const session = await openSession({ endpoints, first, timeoutMs: TIMEOUT_MS, avoids });
        const path = `${ROOT}/${first}-${number}`;
        await must(session.create(path, Buffer.alloc(0), MODE.ephemeral));
        return { session, id: session.id, path };
      }),
    ),
  );
  const deserted = await desert(endpoints);
  return {
    shun: (liar) => {
      shunned = liar;
      for (const { session } of watchers) if (session.endpoint === liar) session.drop();
    },
    check: (trial) => check(trial, endpoints, watchers, deserted),
  };
}

/** Leaves an ephemeral node behind, whose session nobody closes. */
async function desert([endpoint]: Cluster['endpoints']): Promise<string> {
  const path = `${ROOT}/deserter`;
  if (endpoint === undefined) throw new RangeError('no endpoints');
  const session = await openSession({ endpoints: [endpoint], timeoutMs: DESERTER_MS });
  await must(session.create(path, Buffer.alloc(0), MODE.ephemeral));
  session.desert();
  return path;
}

async function check(
  trial: Trial,
  endpoints: Cluster['endpoints'],
  watchers: readonly Watcher[],
  deserted: string,
): Promise<void> {
  const outsider = await openSession({ endpoints });
  await must(outsider.sync('/'));
  const lost: string[] = [];
  for (const { session, id, path } of watchers) {
    const found = await outsider.exists(path);
    const isOwn = found.kind === 'ok' && found.value.ephemeralOwner === id;
    if (!isOwn || session.id !== id || session.isExpired) lost.push(path);
  }
  const moves = watchers.reduce((sum, { session }) => sum + session.reconnects, 0);
  trial.check(
    lost.length === 0,
    `no session expired that its client kept alive: ${watchers.length} sessions of ${TIMEOUT_MS / 1000} s, ${moves} reconnections ${lost}`,
  );
  const isGone = await eventually(async () => {
    await sleep(200);
    const found = await outsider.exists(deserted);
    return found.kind === 'failed' && found.error === ERROR.noNode;
  }, PATIENCE_MS);
  trial.check(isGone, `a session whose client fell silent expired, and its node is gone`);
  await Promise.all([...watchers.map(({ session }) => session.close()), outsider.close()]);
}
