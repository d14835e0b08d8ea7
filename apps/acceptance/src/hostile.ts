/**
 * Hostile bytes at the client port and at the port where servers meet: whoever sends them is dropped, nobody else
 * notices, and memory stays bounded.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, connect, type Endpoint, processIdentity } from '@concordat/bench';
import { assault, openCrowd } from './assault.ts';
import { type AttackGroup, CLIENT_ATTACKS, PEER_ATTACKS } from './attacks.ts';
import { type Bystanders, startBystanders } from './bystander.ts';
import type { Acceptance, Trial } from './trial.ts';
import { eventually } from './wait.ts';

/** Longer than the handshake timeout of any server, and than the shortest session. */
const PATIENCE_MS = 45_000;
/** An answer, where one will do, has been seen by then. */
const ANSWER_MS = 1_000;
const CROWD = 10_000;
const LATENCY_BAR_MS = 2_000;
const GROWTH_BAR_BYTES = 300 << 20;
const UNKNOWN_OPCODE = 9_999;
const SEED = 20_240_229;

export const hostile: Acceptance = {
  name: 'hostile',
  summary: 'malformed, absurd, slow and idle connections at the client port and the peer port',
  needs: [],
  deadlineMs: 900_000,
  run: async (trial) => {
    const cluster = await trial.cluster();
    const before = cluster.endpoints.map((_, domain) => processIdentity(cluster.pid(domain)));
    await politeness(trial, cluster);
    const bystanders = await startBystanders(cluster);
    for (const group of CLIENT_ATTACKS) {
      await attackTogether(trial, cluster.endpoints[0], 'client port', group, bystanders);
    }
    await attackTogether(trial, cluster.peerEndpoints[0], 'peer port', PEER_ATTACKS, bystanders);
    await idleCrowd(trial, cluster.endpoints[0], 'client port', bystanders);
    await idleCrowd(trial, cluster.peerEndpoints[0], 'peer port', bystanders);
    await bystanders.stop();
    const after = cluster.endpoints.map((_, domain) => processIdentity(cluster.pid(domain)));
    trial.check(
      after.every((identity, domain) => identity !== null && identity === before[domain]),
      'every server is still the same process',
    );
  },
};

/** The attacks of a group at the same time, for not every server drops a sender quickly. */
async function attackTogether(
  trial: Trial,
  endpoint: Endpoint | undefined,
  port: string,
  { name, attacks }: AttackGroup,
  bystanders: Bystanders,
): Promise<void> {
  if (endpoint === undefined) return;
  bystanders.report();
  const outcomes = await Promise.all(
    attacks.map(async (attack) => {
      const patienceMs = attack.fate === 'dropped' ? PATIENCE_MS : ANSWER_MS;
      return { attack, ...(await assault(endpoint, attack, SEED, patienceMs)) };
    }),
  );
  for (const { attack, connections, dropped, lastMs } of outcomes) {
    if (attack.fate !== 'dropped') continue;
    const figures = `${dropped} of ${connections}, the last after ${(lastMs / 1_000).toFixed(1)} s`;
    trial.bar(dropped === connections, `${port}, ${attack.name}: every sender is dropped (${figures})`);
  }
  judgeBystanders(trial, `${port}, ${name}`, bystanders);
}

/** Connections that say nothing at all, to one server. */
async function idleCrowd(
  trial: Trial,
  endpoint: Endpoint | undefined,
  port: string,
  bystanders: Bystanders,
): Promise<void> {
  if (endpoint === undefined) return;
  bystanders.report();
  const crowd = openCrowd(endpoint);
  for (let i = 0; i < CROWD; i++) {
    crowd.add();
    if (i % 100 === 99) await crowd.settled();
  }
  await sleep(3_000);
  const droppedAll = await eventually(() => crowd.dropped === CROWD, PATIENCE_MS);
  const what = `${port}, ${CROWD} idle connections`;
  trial.bar(droppedAll, `${what}: every one is dropped (${crowd.dropped})`);
  crowd.leave();
  judgeBystanders(trial, what, bystanders);
}

function judgeBystanders(trial: Trial, what: string, bystanders: Bystanders): void {
  const seen = bystanders.report();
  const grownMiB = Math.round(seen.grownBytes / 1_048_576);
  trial.check(
    seen.errors.length === 0 && seen.operations > 0,
    `${what}: none of ${seen.operations} operations of others fails ${seen.errors.slice(0, 3)}`,
  );
  trial.bar(
    seen.worstMs < LATENCY_BAR_MS,
    `${what}: they take at most ${seen.worstMs.toFixed(0)} ms (p50 ${seen.p50Ms.toFixed(1)} ms)`,
  );
  trial.bar(
    seen.newcomersRefused === 0,
    `${what}: ${seen.newcomers - seen.newcomersRefused} of ${seen.newcomers} newcomers get in`,
  );
  trial.bar(seen.grownBytes < GROWTH_BAR_BYTES, `${what}: no server grows by more than ${grownMiB} MiB`);
}

/** An operation that the server does not know is an error of that operation, not of the connection. */
async function politeness(trial: Trial, cluster: Cluster): Promise<void> {
  for (const endpoint of cluster.endpoints.slice(0, 1)) {
    const connection = await connect(endpoint);
    const ask = (op: number): Promise<number | null> =>
      new Promise((resolve) => {
        connection.request(
          op,
          (writer) => writer.string('/'),
          (reply) => resolve(reply === null ? null : reply.error),
        );
      });
    const answer = await ask(UNKNOWN_OPCODE);
    const after = await ask(9);
    trial.bar(
      answer !== null && answer < 0 && after === 0,
      `an unknown opcode gets error ${answer} and the connection lives on`,
    );
    connection.drop();
  }
}
