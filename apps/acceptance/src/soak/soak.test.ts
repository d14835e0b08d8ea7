/**
 * The short form of the soak, in namespaces and on disks of its own: a domain that its clients reach but not the others, and
 * one whose clock is an hour ahead for a while (one whose disk is full, where clocks cannot be set). What it leaves on the
 * machine must be nothing.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { concordatMissing, startConcordat } from '@concordat/bench';
import { type Acceptance, runTrial } from '../trial.ts';
import { createNetwork, type Network } from './namespaces.ts';
import { runSoak } from './soak.ts';
import type { Trouble } from './troubles.ts';

const DEADLINE_MS = 170_000;
const CUT = 'cut off from members only';
const AHEAD = 'clock jumps: an hour ahead';
const FULL = 'disk full';

/** Why there can be no namespaces here, or null. */
function namespacesMissing(): string | null {
  let network: Network;
  try {
    network = createNetwork(2);
  } catch (error) {
    return `no network namespaces, which need root and iproute2: ${String(error).trim().split('\n').at(-1)}`;
  }
  network.close();
  return null;
}

/** What is still there of this process's namespaces, and of mounts in `dataDir`. */
const left = (dataDir: string): string[] => [
  ...execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.startsWith(`concordat-${process.pid}-`)),
  ...readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(dataDir)),
];

function shortly(troubles: readonly Trouble[]): Trouble[] {
  const second = troubles.some(({ name }) => name === AHEAD) ? AHEAD : FULL;
  return troubles.filter(({ name }) => name === CUT || name === second);
}

const skip = concordatMissing() ?? namespacesMissing() ?? false;

test('a soak of two troubles, in namespaces', { timeout: DEADLINE_MS, skip }, async () => {
  const out = mkdtempSync(join(tmpdir(), 'concordat-soak-test-'));
  const lines: string[] = [];
  let dataDir = '';
  const short: Acceptance = {
    name: 'soak',
    summary: '',
    needs: [],
    deadlineMs: DEADLINE_MS,
    run: (trial) => runSoak(trial, shortly),
  };
  const result = await runTrial(short, {
    target: 'concordat',
    minutes: 0,
    out,
    differential: { operations: 1, seed: 1, sessions: 1, solo: false },
    suites: { names: [], only: null, short: true, record: false, kept: { folder: null, most: 0 } },
    print: (line) => lines.push(line),
    start: async (options) => {
      const cluster = await startConcordat(options);
      dataDir = cluster.dataDir;
      return cluster;
    },
  });
  rmSync(out, { recursive: true });
  const said = lines.join('\n');
  assert.equal(result.failed, 0, said);
  assert.match(said, /refuses clients rather than serve old data/);
  if (said.includes(AHEAD)) assert.match(said, /ahead: domain \d had ended, and is started again/);
  assert.match(said, /no session expired that its client kept alive: 8 sessions/);
  assert.ok(dataDir !== '' && !existsSync(dataDir));
  assert.deepEqual(left(dataDir), []);
});
