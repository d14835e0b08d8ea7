/** The small size of the benchmark, against whatever server is installed here, so that it cannot rot. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apacheMissing, startApache } from './apache-cluster.ts';
import type { Cluster, ClusterOptions } from './cluster.ts';
import { concordatMissing, startConcordat } from './concordat-cluster.ts';
import type { Load } from './load.ts';
import { measure } from './measure.ts';
import { OPERATIONS } from './operations.ts';
import { formatReport } from './report.ts';

const DEADLINE_MS = 120_000;

async function smallRun(start: (options: ClusterOptions) => Promise<Cluster>): Promise<void> {
  const cluster = await start({});
  try {
    const shape = { connections: 3, depth: 10, payloadBytes: 100, seconds: 0.2 };
    const loads = OPERATIONS.map((operation): Load => ({ ...shape, operation }));
    const pids = (): number[] => cluster.endpoints.map((_, domain) => cluster.pid(domain));
    const target = { name: cluster.name, endpoints: cluster.endpoints, pids };
    const report = await measure([target], {
      loads,
      rounds: 1,
      dataDir: cluster.dataDir,
      progress: () => {},
    });
    for (const { medians } of report.rows) {
      assert.equal(medians[0]?.failures, 0);
      assert.ok((medians[0]?.opsPerSecond ?? 0) > 0);
      assert.ok((medians[0]?.p99Ms ?? 0) >= (medians[0]?.p50Ms ?? 1));
    }
    assert.match(formatReport(report), /get 100 B, 3 x 10 +\w+ +\d+/);
  } finally {
    await cluster.stop();
  }
}

test('Apache ZooKeeper, small', { timeout: DEADLINE_MS, skip: apacheMissing() ?? false }, () =>
  smallRun(startApache),
);

test('Concordat, small', { timeout: DEADLINE_MS, skip: concordatMissing() ?? false }, () =>
  smallRun(startConcordat),
);
