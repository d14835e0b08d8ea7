/** The small size of the benchmark, against whatever server is installed here, so that it cannot rot. */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { apacheMissing, startApache } from './apache-cluster.ts';
import type { Cluster, ClusterOptions } from './cluster.ts';
import { concordatMissing, startConcordat } from './concordat-cluster.ts';
import type { Load } from './load.ts';
import { measure, targetOf } from './measure.ts';
import { OPERATIONS } from './operations.ts';
import { formatReport } from './report.ts';

const DEADLINE_MS = 120_000;

async function smallRun(start: (options: ClusterOptions) => Promise<Cluster>): Promise<void> {
  const cluster = await start({});
  try {
    const shape = { connections: 3, depth: 10, payloadBytes: 100, seconds: 0.2 };
    const loads = OPERATIONS.map((operation): Load => ({ ...shape, operation }));
    const report = await measure([targetOf(cluster)], {
      loads,
      rounds: 1,
      warmUpSeconds: 0.2,
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

const PROFILED = [
  { operation: 'set', stages: ["keeper's tree", 'agreement', 'sockets and TLS'] },
  { operation: 'get', stages: ['gateway', 'sockets and TLS'] },
] as const;

test('a table of stages adds up to what each phase cost the servers, and their profiles are left', {
  timeout: DEADLINE_MS,
  skip: concordatMissing() ?? false,
}, async () => {
  const profileDir = mkdtempSync(join(tmpdir(), 'concordat-profiles-'));
  const cluster = await startConcordat({ profiled: true });
  try {
    const shape = { connections: 4, depth: 50, payloadBytes: 100, seconds: 1 };
    const report = await measure([targetOf(cluster)], {
      loads: PROFILED.map(({ operation }) => ({ ...shape, operation })),
      rounds: 1,
      warmUpSeconds: 0.2,
      profileDir,
      dataDir: cluster.dataDir,
      progress: () => {},
    });
    for (const [i, { stages }] of PROFILED.entries()) {
      const row = report.rows[i];
      const shares = row?.shares[0] ?? [];
      const names = shares.map(({ stage }) => stage);
      for (const stage of stages)
        assert.ok(names.includes(stage), `${row?.load.operation}: ${stage} of ${names}`);
      assert.ok(!names.includes('other'), 'every place of the product has a stage');
      const sum = shares.reduce((total, { usPerOp }) => total + usPerOp, 0);
      const measured = (row?.medians[0]?.serverCpuMsPerOp ?? 0) * 1_000;
      assert.ok(measured > 0 && Math.abs(sum / measured - 1) < 1e-6, `${sum} of ${measured}`);
    }
    assert.equal(readdirSync(profileDir).length, 8);
    assert.match(
      formatReport(report),
      /set 100 B, 4 x 50, concordat +us\/op\n(.+\n)+all together +\d+\.\d\d/,
    );
  } finally {
    await cluster.stop();
    rmSync(profileDir, { recursive: true, force: true });
  }
});
