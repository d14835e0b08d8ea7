/**
 * kill -9 of all domains at once under load, then a restart, twice: every acknowledged write is there, no acknowledged
 * delete is undone, sessions go on.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { MODE } from '@concordat/bench';
import { checkSurvivors } from './kill-one.ts';
import { openSession } from './session.ts';
import type { Acceptance } from './trial.ts';
import { audit, must, startWorker } from './worker.ts';

const WORKERS_PER_ENDPOINT = 3;
const LANES = 8;
const ROUNDS = 2;
const LOAD_MS = 2_500;

export const killAll: Acceptance = {
  name: 'kill-all',
  summary: 'kill -9 of all domains at once under load, and restart',
  needs: [],
  deadlineMs: 240_000,
  run: async (trial) => {
    const cluster = await trial.cluster();
    const { endpoints } = cluster;
    const root = '/kill-all';
    const outsider = await openSession({ endpoints });
    await must(outsider.create(root, Buffer.alloc(0), MODE.persistent));
    const workers = await Promise.all(
      endpoints.flatMap((_, home) =>
        Array.from({ length: WORKERS_PER_ENDPOINT }, (__, number) =>
          startWorker({ endpoints, home, number, root, lanes: LANES }),
        ),
      ),
    );
    for (let round = 1; round <= ROUNDS; round++) {
      await Promise.all(workers.map((worker) => worker.watch()));
      await sleep(LOAD_MS);
      await cluster.killAll();
      const startedAt = performance.now();
      await cluster.restartAll();
      const what = `kill -9 of all, round ${round}`;
      trial.note(`${what}: serving again after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
      await checkSurvivors(trial, what, workers, outsider);
    }
    await Promise.all(workers.map((worker) => worker.rest()));
    const contradictions = workers.flatMap((worker) => worker.contradictions);
    trial.check(
      contradictions.length === 0,
      `every client reads its own writes ${contradictions.slice(0, 3)}`,
    );
    const writes = workers.reduce((sum, worker) => sum + worker.ledger.acknowledgements, 0);
    for (const endpoint of endpoints.keys()) {
      const wrong = await audit(endpoints, endpoint, workers);
      trial.check(
        wrong.length === 0,
        `endpoint ${endpoint} shows all ${writes} acknowledged writes and deletes ${wrong.slice(0, 3)}`,
      );
    }
    await Promise.all([...workers.map((worker) => worker.session.close()), outsider.close()]);
  },
};
